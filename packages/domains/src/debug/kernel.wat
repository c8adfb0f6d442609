;; The hot half of the debug hooks: what block-bytes.ts does, in instructions that write many bytes at once.
;;
;; kernel.ts has the bytes of this module, twice: as it is here, and with a shared memory. A test compiles it and compares.
;; $p is the address of a block's data, $marks the letter of its domain with three forbidden bytes above it.

(module
  (import "obmalloc" "memory" (memory 0))

  ;; Writes the marks around a new block of $n bytes, and fills it with clean bytes. 64 bits.
  (func (export "mark64") (param $p i32) (param $n i32) (param $marks i32)
    (i32.store (i32.sub (local.get $p) (i32.const 16)) (i32.const 0))
    (i32.store (i32.sub (local.get $p) (i32.const 12))
      (i32.or
        (i32.rotl (i32.and (local.get $n) (i32.const 0xff00ff00)) (i32.const 8))
        (i32.rotl (i32.and (local.get $n) (i32.const 0x00ff00ff)) (i32.const 24))))
    (i32.store (i32.sub (local.get $p) (i32.const 8)) (local.get $marks))
    (i32.store (i32.sub (local.get $p) (i32.const 4)) (i32.const 0xfdfdfdfd))
    (memory.fill (local.get $p) (i32.const 0xcd) (local.get $n))
    (i64.store align=1 (i32.add (local.get $p) (local.get $n)) (i64.const 0xfdfdfdfdfdfdfdfd)))

  ;; Fills a block with dead bytes, $overhead bytes around its data included, when all its marks are as they were written.
  ;; Gives its size, or -1 with nothing done when a mark is not, or when the size has more than 31 bits. 64 bits.
  (func (export "kill64") (param $p i32) (param $marks i32) (param $overhead i32) (result i32)
    (local $n i32)
    (if (i32.or
          (i32.load (i32.sub (local.get $p) (i32.const 16)))
          (i32.or
            (i32.xor (i32.load (i32.sub (local.get $p) (i32.const 8))) (local.get $marks))
            (i32.xor (i32.load (i32.sub (local.get $p) (i32.const 4))) (i32.const 0xfdfdfdfd))))
      (then (return (i32.const -1))))
    (local.set $n (i32.load (i32.sub (local.get $p) (i32.const 12))))
    (local.set $n
      (i32.or
        (i32.rotl (i32.and (local.get $n) (i32.const 0xff00ff00)) (i32.const 8))
        (i32.rotl (i32.and (local.get $n) (i32.const 0x00ff00ff)) (i32.const 24))))
    (if (i32.lt_s (local.get $n) (i32.const 0)) (then (return (i32.const -1))))
    (if (i64.gt_u
          (i64.add
            (i64.extend_i32_u (local.get $p))
            (i64.extend_i32_u (i32.add (local.get $n) (i32.sub (local.get $overhead) (i32.const 16)))))
          (i64.shl (i64.extend_i32_u (memory.size)) (i64.const 16)))
      (then (return (i32.const -1))))
    (if (i64.ne
          (i64.load align=1 (i32.add (local.get $p) (local.get $n)))
          (i64.const 0xfdfdfdfdfdfdfdfd))
      (then (return (i32.const -1))))
    (memory.fill
      (i32.sub (local.get $p) (i32.const 16))
      (i32.const 0xdd)
      (i32.add (local.get $n) (local.get $overhead)))
    (local.get $n))

  ;; mark64 for 32 bits.
  (func (export "mark32") (param $p i32) (param $n i32) (param $marks i32)
    (i32.store (i32.sub (local.get $p) (i32.const 8))
      (i32.or
        (i32.rotl (i32.and (local.get $n) (i32.const 0xff00ff00)) (i32.const 8))
        (i32.rotl (i32.and (local.get $n) (i32.const 0x00ff00ff)) (i32.const 24))))
    (i32.store (i32.sub (local.get $p) (i32.const 4)) (local.get $marks))
    (memory.fill (local.get $p) (i32.const 0xcd) (local.get $n))
    (i32.store align=1 (i32.add (local.get $p) (local.get $n)) (i32.const 0xfdfdfdfd)))

  ;; kill64 for 32 bits.
  (func (export "kill32") (param $p i32) (param $marks i32) (param $overhead i32) (result i32)
    (local $n i32)
    (if (i32.ne (i32.load (i32.sub (local.get $p) (i32.const 4))) (local.get $marks))
      (then (return (i32.const -1))))
    (local.set $n (i32.load (i32.sub (local.get $p) (i32.const 8))))
    (local.set $n
      (i32.or
        (i32.rotl (i32.and (local.get $n) (i32.const 0xff00ff00)) (i32.const 8))
        (i32.rotl (i32.and (local.get $n) (i32.const 0x00ff00ff)) (i32.const 24))))
    (if (i32.lt_s (local.get $n) (i32.const 0)) (then (return (i32.const -1))))
    (if (i64.gt_u
          (i64.add
            (i64.extend_i32_u (local.get $p))
            (i64.extend_i32_u (i32.add (local.get $n) (i32.sub (local.get $overhead) (i32.const 8)))))
          (i64.shl (i64.extend_i32_u (memory.size)) (i64.const 16)))
      (then (return (i32.const -1))))
    (if (i32.ne (i32.load align=1 (i32.add (local.get $p) (local.get $n))) (i32.const 0xfdfdfdfd))
      (then (return (i32.const -1))))
    (memory.fill
      (i32.sub (local.get $p) (i32.const 8))
      (i32.const 0xdd)
      (i32.add (local.get $n) (local.get $overhead)))
    (local.get $n)))
