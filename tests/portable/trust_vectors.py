"""Trust and certificate documents signed once with the library `cryptography`, so that both interpreters judge the same ones.

Home `h1`, agent `r1`; revision 1 held is the key A alone. No test signs: the core cannot.
"""

from binascii import unhexlify

A = unhexlify(
    "04b8fa1a4acbd900b788ff1f8524ccfff1dd2a3d6c917e4009af604fbd406db7029a5cc32d14fc837266844527481f7f06cb"
    + "4fb34733b24ca92e861f72cc7cae37"
)
B = unhexlify(
    "04ccf7a87be5ca16eac008923dab1e28b8123105aa3ccd9918705222ca5d3a7cc6bb272ea8e55308f90252c96a2e956be8b6"
    + "36e578e32d3663ff5b6ffe5e9d6cb2"
)
C = unhexlify(
    "04f728c57e47115f2e20cc0dcbf9680a1a9ac29309fc28928af7ea01cd36b4b7b914e37848c3a6aeba9085e3142620671da9"
    + "a246e41bf6ef3da6a4c612e6f49c29"
)
ROOT = unhexlify(
    "040494bea600d0f64cf2635a49bacdbf788172d8eb72087824f08e854d738e5cb9c83cde2981458551577839dfd8922d8eed"
    + "9ed14c94ff688ea9790bbbe5e72453"
)
ANNOUNCED = (
    b"stairgate-trust 1 92a1e79e1984f329 "
    + b"7355bf185cd9c224754e86d53179cac210853fb8f38c36d1c1354d152e3234b9660634e4982ce3cf4cc98bd3e52cf2d4cdf6951b54fd8d80d68f88ae32d74753\n"
    + b'["trust","h1",2,1800000000]\n'
    + b'["key","92a1e79e1984f329","04b8fa1a4acbd900b788ff1f8524ccfff1dd2a3d6c917e4009af604fbd406db7029a5cc32'
    + b'd14fc837266844527481f7f06cb4fb34733b24ca92e861f72cc7cae37","current"]\n'
    + b'["key","006fb259b0d5474a","04ccf7a87be5ca16eac008923dab1e28b8123105aa3ccd9918705222ca5d3a7cc6bb272ea'
    + b'8e55308f90252c96a2e956be8b636e578e32d3663ff5b6ffe5e9d6cb2","next"]\n'
)
SWITCHED = (
    b"stairgate-trust 1 006fb259b0d5474a "
    + b"6a0e5dcf888e122915f8d3f159da60555ae3d6681724af71e5cbc31e9d858236f854594aaea69d1b783c9e7d78c99354a32d91ddad4b1a6f63e15110e13a4c21\n"
    + b'["trust","h1",3,1800000000]\n'
    + b'["key","006fb259b0d5474a","04ccf7a87be5ca16eac008923dab1e28b8123105aa3ccd9918705222ca5d3a7cc6bb272ea'
    + b'8e55308f90252c96a2e956be8b636e578e32d3663ff5b6ffe5e9d6cb2","current"]\n'
)
BY_ROOT = (
    b"stairgate-trust 1 78dee74a6beaa404 "
    + b"b809454a73dfc29d9c2e6320621169c78fec87a4319c110fa59f45cc6146d1230819256465363fd81963e9b3ebea94d9bcdd97e967ec064330ac2b3395bc3771\n"
    + b'["trust","h1",9,1800000000]\n'
    + b'["key","753d9aa1ad5e54e2","04f728c57e47115f2e20cc0dcbf9680a1a9ac29309fc28928af7ea01cd36b4b7b914e3784'
    + b'8c3a6aeba9085e3142620671da9a246e41bf6ef3da6a4c612e6f49c29","current"]\n'
)
ROOT_AT_2 = (
    b"stairgate-trust 1 78dee74a6beaa404 "
    + b"c0674dc5c4a83b496f8e20fbfc53575b7e706a5bb52934d9f235a7d06ec42b74d22f7a86b098881445e77a29717e7098a9822c5135763748c4b8c4d58dfc0e0b\n"
    + b'["trust","h1",2,1800000000]\n'
    + b'["key","753d9aa1ad5e54e2","04f728c57e47115f2e20cc0dcbf9680a1a9ac29309fc28928af7ea01cd36b4b7b914e3784'
    + b'8c3a6aeba9085e3142620671da9a246e41bf6ef3da6a4c612e6f49c29","current"]\n'
)
SKIPPED = (
    b"stairgate-trust 1 92a1e79e1984f329 "
    + b"6528efca116e4e60a07aa8bdaccda3c1d68c46d537ee00a4365d810f281d7529724f34e30b57c5cc27e56e2756197bc04f8f3878651cde3efb79cc23bbb85e8b\n"
    + b'["trust","h1",3,1800000000]\n'
    + b'["key","92a1e79e1984f329","04b8fa1a4acbd900b788ff1f8524ccfff1dd2a3d6c917e4009af604fbd406db7029a5cc32'
    + b'd14fc837266844527481f7f06cb4fb34733b24ca92e861f72cc7cae37","current"]\n'
)
REPEATED = (
    b"stairgate-trust 1 92a1e79e1984f329 "
    + b"8942c3cfe66ce050cb8b289992c63fbecf2f181d3da08c53f256bbf59aafce67927b6da8c63204baf0afcfa5e3d1f3d4a9a690bd148331cba466f9dfb3242162\n"
    + b'["trust","h1",1,1800000000]\n'
    + b'["key","92a1e79e1984f329","04b8fa1a4acbd900b788ff1f8524ccfff1dd2a3d6c917e4009af604fbd406db7029a5cc32'
    + b'd14fc837266844527481f7f06cb4fb34733b24ca92e861f72cc7cae37","current"]\n'
)
OTHER_HOME = (
    b"stairgate-trust 1 92a1e79e1984f329 "
    + b"12d2c21b94613653041e23fd9f1bad977c46046b11e8c495b9466c4e445f2f66ac225e5688775aa6452a2d70897a7d24d9f33cbabf190f1b84590efa764035a7\n"
    + b'["trust","h2",2,1800000000]\n'
    + b'["key","92a1e79e1984f329","04b8fa1a4acbd900b788ff1f8524ccfff1dd2a3d6c917e4009af604fbd406db7029a5cc32'
    + b'd14fc837266844527481f7f06cb4fb34733b24ca92e861f72cc7cae37","current"]\n'
)
BY_FOREIGN = (
    b"stairgate-trust 1 64f83b2b521260a7 "
    + b"d8c9074f25a218794e67b49c25d0704e7aa1faef261c61d1ac922b7e6bb84efb6eff9788e397f33ede708b28866db4bf4a172dc471c0b8c3a36d1af5c4d618d4\n"
    + b'["trust","h1",2,1800000000]\n'
    + b'["key","64f83b2b521260a7","04d72f8a16dbf6fc3302de69ad5caa862fcd805af2f8a4413ec17d4eba4ae4a409aeb2592'
    + b'ec799b6ee520bd9332efb7939d4a157ec8091f45fc339a1b97ae145d2","current"]\n'
)
SIGNED_AS_POLICY = (
    b"stairgate-policy 1 92a1e79e1984f329 "
    + b"82558b7ab4f2f64654f5531b5e98df78eac59ba74bf7fc195f541aa6efd6b2505a98a1e29ae31ffae26e247ff3073601570074965429839f41b81103086044da\n"
    + b'["trust","h1",2,1800000000]\n'
    + b'["key","92a1e79e1984f329","04b8fa1a4acbd900b788ff1f8524ccfff1dd2a3d6c917e4009af604fbd406db7029a5cc32'
    + b'd14fc837266844527481f7f06cb4fb34733b24ca92e861f72cc7cae37","current"]\n'
)
GARBAGE = (
    b"stairgate-trust 1 92a1e79e1984f329 "
    + b"d3c86f79788dd1cb5981955fb305189add740668055225a0398b2ad40811f6c30d3aab453ba2c1aa0af0fb14c28099b24105bcbdb4aeff75ab5f536adad296ef\n"
    + b'["trust","h1",2]\n'
)
CERTIFICATE = (
    b"stairgate-certificate 1 92a1e79e1984f329 "
    + b"ebb26efc408a627b432d2b9ff416f74e02f4813afdb396f8326870dafd1e9ed6f4a0a58e7a961952143a851b7d6d9b1ad26f82555dd6c08ec0208e11559ec393\n"
    + b'["certificate","h1","r1",1900000000]\n'
    + b'["der","AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0BBQkNE'
    + b"RUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5fYGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6e3x9fn+AgYKDhIWGh4iJiouMjY6P"
    + b"kJGSk5SVlpeYmZqbnJ2en6ChoqOkpaanqKmqq6ytrq+wsbKztLW2t7i5uru8vb6/wMHCw8TFxsfIycrLzM3Oz9DR0tPU1dbX2Nna"
    + b"29zd3t/g4eLj5OXm5+jp6uvs7e7v8PHy8/T19vf4+fr7/P3+/wABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICEiIyQl"
    + b'JicoKSor"]\n'
    + b'["der","LC0uLzAxMjM0NTY3ODk6Ozw9Pj9AQUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVpbXF1eX2BhYmNkZWZnaGlqa2xtbm9w'
    + b"cXJzdHV2d3h5ent8fX5/gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp+goaKjpKWmp6ipqqusra6vsLGys7S1tre4ubq7"
    + b'vL2+v8DBwsPExcbHyMnKy8zNzs/Q0dLT1NXW19jZ2tvc3d7f4OHi4+Tl5ufo6err7O3u7/Dx8vP09fb3+Pn6+/z9/v8="]\n'
)
