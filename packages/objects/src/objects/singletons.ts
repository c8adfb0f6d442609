// Objects that exist once: None, True, False, Ellipsis, NotImplemented.

import { type ObjectAddress, objectAddress } from "@obmalloc/abi";
import type { BuiltinTypeName } from "../core/builtin-specs.ts";
import type { Core } from "../core/core.ts";

/** The singletons, in static memory. */
export class Singletons {
  readonly none: ObjectAddress;
  readonly true: ObjectAddress;
  readonly false: ObjectAddress;
  readonly ellipsis: ObjectAddress;
  readonly notImplemented: ObjectAddress;
  private readonly core: Core;

  constructor(core: Core) {
    this.core = core;
    this.none = this.make("NoneType");
    this.ellipsis = this.make("ellipsis");
    this.notImplemented = this.make("NotImplementedType");
    this.false = this.make("bool");
    this.true = this.make("bool");
  }

  private make(type: BuiltinTypeName): ObjectAddress {
    const { ground, types } = this.core;
    const address = ground.statics.allocate(types.slot(types.builtin[type], types.basicsize));
    ground.memory.writeWord(address, ground.profile.objects.immortality?.staticCount ?? 1);
    ground.memory.writeWord(address + types.obType, types.builtin[type]);
    ground.index.addPlain(address);
    return objectAddress(address);
  }
}
