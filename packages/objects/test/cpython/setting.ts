// What the tests that follow CPython's own share: a runtime per version, and short ways to the objects that they need.

import { type ObjectAddress, type Profile, profiles, profilesOfMicros } from "@obmalloc/abi";
import { afterEach, beforeEach, expect } from "vitest";
import { type CreateObjectsOptions, createObjects, type Objects, type Unraisable } from "../../src/index.ts";

/** Every version in both data models, and the micro versions that differ. */
export const everyProfile: { readonly name: string; readonly profile: Profile }[] = [
  ...profiles,
  ...profilesOfMicros,
].map((profile) => ({
  name: `${profile.version}${"micros" in profile ? `.${profile.micros?.first}` : ""} ${profile.model.name}`,
  profile,
}));

/** A runtime with what its finalizers and callbacks have written. */
export interface Setting {
  readonly py: Objects;
  /** What finalizers and callbacks wrote. */
  readonly log: string[];
  readonly stderr: string[];
  readonly unraisable: Unraisable[];
}

/** A runtime without automatic collections, as CPython's tests have it. */
export function setUp(profile: Profile, options: CreateObjectsOptions = {}): Setting {
  const stderr: string[] = [];
  const unraisable: Unraisable[] = [];
  const py = createObjects({
    profile,
    stderr: (text) => stderr.push(text),
    onUnraisable: (error) => unraisable.push(error),
    ...options,
  });
  py.gc.disable();
  return { py, log: [], stderr, unraisable };
}

/** A runtime for each test of a block; at the end of each everything has to fit together. */
export function freshSetting(profile: Profile): Readonly<Setting> {
  const now = {} as Setting;
  beforeEach(() => {
    Object.assign(now, setUp(profile));
    now.py.gc.collect();
  });
  afterEach(() => {
    expect(now.py.check()).toEqual([]);
  });
  return now;
}

/** Sets an attribute, and gives the value's reference away. */
export function give(py: Objects, o: ObjectAddress, name: string, value: ObjectAddress): void {
  py.instances.setAttribute(o, name, value);
  py.decref(value);
}

/** Appends to a list, and gives the item's reference away. */
export function giveItem(py: Objects, list: ObjectAddress, item: ObjectAddress): void {
  py.lists.append(list, item);
  py.decref(item);
}

/** A list that contains itself, and nobody else holds. */
export function dropCycle(py: Objects): ObjectAddress {
  const list = py.lists.new();
  giveItem(py, list, list);
  return list;
}

/** An instance that refers to itself, and nobody else holds. */
export function dropSelfish(py: Objects, type: ObjectAddress): ObjectAddress {
  const o = py.instances.new(type);
  py.instances.setAttribute(o, "me", o);
  py.decref(o);
  return o;
}

/** Whether the instance's attributes are a dict of their own, which the collector counts too. */
export function dictsPerInstance(profile: Profile): number {
  return profile.objects.instanceValues === "split-dict" ? 1 : 0;
}
