import { classBytes, poolCapacity, profileFor, sizeClassOf } from "@obmalloc/abi";

const profile = profileFor("3.13"); // 64 bits; profileFor("3.13", ilp32) for 32
const { arenaBytes, poolBytes, emptyArenas } = profile.pymalloc;
console.log(arenaBytes, poolBytes, emptyArenas); // 1048576 16384 keep-last

const szidx = sizeClassOf(profile, 100);
console.log(szidx, classBytes(profile, szidx), poolCapacity(profile, szidx)); // 6 112 145

console.log(profileFor("3.7").objects.gc.trigger, profile.objects.gc.trigger); // allocation eval-breaker
