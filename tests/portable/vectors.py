"""Signatures made once with the library `cryptography` or by hand, so that both interpreters check the same ones.

Every row of full lengths was also given to `cryptography`, which agrees but for compressed points
(it reads them). Rows: name, point, signature, digest (hex), valid.
"""

POINT = (
    "047d623cc118047fc7ed7de3b453fd1e3d94e31e53987af67a8cb739cd60e567ec148c0fd478d832b882b52eb460b2a2"
    + "b5306c138d8151c80b8a79f044e93c8ce6"
)
BODY = b'["policy","h1","r1",5,6]\n["x-later",1]\n'
# Over BODY as kind "policy", with the key of POINT.
SIGNATURE = (
    "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
    + "afbbe7ddfbc8a3000e758c7eb81eefcf02c3773aadbdd694d1d2dae69ba74b03"
)

P256 = (
    (
        "valid",
        POINT,
        "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
        + "fdd48d8176f8c02734b697f6848c4798ab0381140cf4f099c5c3e9753cb55a24",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        True,
    ),
    (
        "valid, another key 1",
        "04e1a5a643dd280e2d0126bf76206056e8f6aa07a46dbfa53678c82026946aa3"
        + "b419ab96eb123492fecf7a53ea3e45db8db1e8972eaea9ee7a36c7ff3cac442a"
        + "59",
        "a82886cb6151e06ed0dc46b664098ae108ac234d0580c6f134d24d6fc82094cc"
        + "1285bc0ef9215f96cbd2473ef7ebdaaf716cc670a018fbfb85dec4317122ade5",
        "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9",
        True,
    ),
    (
        "valid, another key 2",
        "04c6239370ff5e8595129657c2a86aa046a22a314209bd7fa2afa2bf58a28339"
        + "b4dbf9a5265f927623c361d8bc16fe7dbf78df6438daa4f625a341f95370456c"
        + "d8",
        "ba16b3670e060eedb12cd531b1f536196098e66b4753ae12faad4f4ccc0d87f2"
        + "43558d139abfabebf38958fe0f82809502bafd4c8c434dad19659b78b8913cd2",
        "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b",
        True,
    ),
    (
        "valid, another key 3",
        "0430ab11ac1b5e3db33ef199a908e1a05cafe455d158c3604d24ad355f1e45a5"
        + "8922dbcca2c29aaa38a81805ea188acab0b699b69f847007cece1f4fa5736c01"
        + "75",
        "075bd42470e62cc3d9586e70250835ed2fc13ff7080c8b23702805bdd92120ae"
        + "caad289601f45a97456fc251c0541aba3b9db3a00d55509bfed4f5d493d63690",
        "d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35",
        True,
    ),
    (
        "valid, another key 4",
        "0499c2872947e0b4d1e59ea342d454608a49a546e063d951d90d5e41e88c64d7"
        + "6ac762730a49a609302c6c8ad2ad1e09820362d172edec3608c14852b5c9bf31"
        + "3e",
        "e2c42bc63b8376bf9253687e20ea37cd046b9e51145df242f3479326065c0b95"
        + "a32a7c4b23322f46b17e03370315cd9a733506ef3a42d53fd10643ebb1ac302a",
        "4e07408562bedb8b60ce05c1decfe3ad16b72230967de01f640b7e4729b49fce",
        True,
    ),
    (
        "RFC 6979 A.2.5, sample",
        "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29f"
        + "b67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d44622"
        + "99",
        "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
        + "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
        "af2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf",
        True,
    ),
    (
        "RFC 6979 A.2.5, test",
        "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29f"
        + "b67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d44622"
        + "99",
        "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
        + "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        True,
    ),
    (
        "valid, s replaced by n - s",
        POINT,
        "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
        + "022b727d89073fd9cb4968097b73b86711e379999a22adeb2df5e14dbfadcb2d",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        True,
    ),
    (
        "key 1: Q is G, the sum is a doubling",
        "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2"
        + "964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51"
        + "f5",
        "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
        + "e1e760e8c3e56428e499df169a17bad06d4a0ae4da53868617d90e0f5e5d08b2",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        True,
    ),
    (
        "key n-1: Q is -G, the sum is infinity",
        "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2"
        + "96b01cbd1c01e58065711814b583f061e9d431cca994cea1313449bf97c840ae"
        + "0a",
        "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
        + "42347005666d05799860c278648b6716f87f46c17ef44a2b16343f68a29489c9",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        True,
    ),
    (
        "key 2",
        "047cf27b188d034f7e8a52380304b51ac3c08969e277f21b35a60b48fc476699"
        + "7807775510db8ed040293d9ac69f7430dbba7dade63ce982299e04b79d227873"
        + "d1",
        "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
        + "b1c0d95af2a193800ab66d65b4dde4ad493bef9fb47755711ece90013e0fb57e",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        True,
    ),
    (
        "2G + Q with Q = 2G: doubling on the way",
        "047cf27b188d034f7e8a52380304b51ac3c08969e277f21b35a60b48fc476699"
        + "7807775510db8ed040293d9ac69f7430dbba7dade63ce982299e04b79d227873"
        + "d1",
        "e2534a3532d08fbba02dde659ee62bd0031fe2db785596ef509302446b030852"
        + "e2534a3532d08fbba02dde659ee62bd0031fe2db785596ef509302446b030852",
        "c4a6946b65a11f76405bbccb3dcc57a04958cb0949938f59ad6c39c5d9a2eb53",
        True,
    ),
    (
        "2G + Q with Q = -2G: infinity",
        "047cf27b188d034f7e8a52380304b51ac3c08969e277f21b35a60b48fc476699"
        + "78f888aaee24712fc0d6c26539608bcf244582521ac3167dd661fb4862dd878c"
        + "2e",
        "e2534a3532d08fbba02dde659ee62bd0031fe2db785596ef509302446b030852"
        + "e2534a3532d08fbba02dde659ee62bd0031fe2db785596ef509302446b030852",
        "c4a6946b65a11f76405bbccb3dcc57a04958cb0949938f59ad6c39c5d9a2eb53",
        False,
    ),
    (
        "e = -r d: infinity",
        POINT,
        "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
        + "fdd48d8176f8c02734b697f6848c4798ab0381140cf4f099c5c3e9753cb55a24",
        "e34893228004cced95aa2f977a73a266411686089280ecbfb1d57a01dc3ea13a",
        False,
    ),
    (
        "e = -r d with r = s = 1: infinity",
        POINT,
        "0000000000000000000000000000000000000000000000000000000000000001"
        + "0000000000000000000000000000000000000000000000000000000000000001",
        "a391bcc7ea45d423e88de62cf185d95fe38b4ae4b472cc0916c50f2907a47bdd",
        False,
    ),
    (
        "digest zero: u1 is zero",
        POINT,
        "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
        + "ebc6a509e1cf8b567639472f053ab6a4d6925597b3dcd783a89a281aba6e238f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        True,
    ),
    (
        "digest n: u1 is zero",
        POINT,
        "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
        + "ebc6a509e1cf8b567639472f053ab6a4d6925597b3dcd783a89a281aba6e238f",
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        True,
    ),
    (
        "digest all ones: above n",
        POINT,
        "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
        + "528f9a8b74cd2a700576d4031478609b839425cfca7ef0e9dfc45899eff34fea",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        True,
    ),
    (
        "digest n for a signature over zero",
        POINT,
        "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
        + "ebc6a509e1cf8b567639472f053ab6a4d6925597b3dcd783a89a281aba6e238f",
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        True,
    ),
    (
        "R with x above n: r is x - n",
        "045132546500cd9851e8ea77669308bc2df40694f8e10cc67de95b22a4e447bc"
        + "4e106aa8abfdd5d1180a30224dc0b0af720a29bdc61318b0604b5bea11fd2da9"
        + "f3",
        "0000000000000000000000000000000000000000000000000000000000000003"
        + "dbe53fcafb2147df5ca495fa5a91c89b97eeab64ca2ce6bc5d3fd983c34c76a0",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        True,
    ),
    (
        "R with x above n: r not reduced",
        "045132546500cd9851e8ea77669308bc2df40694f8e10cc67de95b22a4e447bc"
        + "4e106aa8abfdd5d1180a30224dc0b0af720a29bdc61318b0604b5bea11fd2da9"
        + "f3",
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632554"
        + "dbe53fcafb2147df5ca495fa5a91c89b97eeab64ca2ce6bc5d3fd983c34c76a0",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        False,
    ),
    (
        "r zero",
        POINT,
        "0000000000000000000000000000000000000000000000000000000000000000"
        + "fdd48d8176f8c02734b697f6848c4798ab0381140cf4f099c5c3e9753cb55a24",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        False,
    ),
    (
        "s zero",
        POINT,
        "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
        + "0000000000000000000000000000000000000000000000000000000000000000",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        False,
    ),
    (
        "r and s zero",
        POINT,
        "0000000000000000000000000000000000000000000000000000000000000000"
        + "0000000000000000000000000000000000000000000000000000000000000000",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        False,
    ),
    (
        "r = n",
        POINT,
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
        + "fdd48d8176f8c02734b697f6848c4798ab0381140cf4f099c5c3e9753cb55a24",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        False,
    ),
    (
        "s = n",
        POINT,
        "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
        + "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        False,
    ),
    (
        "r = n + 1",
        POINT,
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552"
        + "fdd48d8176f8c02734b697f6848c4798ab0381140cf4f099c5c3e9753cb55a24",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        False,
    ),
    (
        "s = 5",
        POINT,
        "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
        + "0000000000000000000000000000000000000000000000000000000000000005",
        "254f63de0a6ef4c7da92a322d3b4e435d2c13fabf25c550ea2cf35d410e89c51",
        True,
    ),
    (
        "s = 5 + n",
        POINT,
        "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
        + "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632556",
        "254f63de0a6ef4c7da92a322d3b4e435d2c13fabf25c550ea2cf35d410e89c51",
        False,
    ),
    (
        "r = p",
        POINT,
        "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"
        + "fdd48d8176f8c02734b697f6848c4798ab0381140cf4f099c5c3e9753cb55a24",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        False,
    ),
    (
        "all ones",
        POINT,
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
        + "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        False,
    ),
    (
        "r and s one",
        POINT,
        "0000000000000000000000000000000000000000000000000000000000000001"
        + "0000000000000000000000000000000000000000000000000000000000000001",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        False,
    ),
    (
        "r and s n-1",
        POINT,
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550"
        + "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        False,
    ),
    (
        "r and s swapped",
        POINT,
        "fdd48d8176f8c02734b697f6848c4798ab0381140cf4f099c5c3e9753cb55a24"
        + "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        False,
    ),
    (
        "s = n - s with r = n - r",
        POINT,
        "8c685e81423d8dd8058f836f8e0fb71a15bab1b003054cb8ab18cecbaf881e25"
        + "022b727d89073fd9cb4968097b73b86711e379999a22adeb2df5e14dbfadcb2d",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        False,
    ),
    (
        "first bit of r flipped",
        POINT,
        "7297a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
        + "fdd48d8176f8c02734b697f6848c4798ab0381140cf4f099c5c3e9753cb55a24",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        False,
    ),
    (
        "last bit of r flipped",
        POINT,
        "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072d"
        + "fdd48d8176f8c02734b697f6848c4798ab0381140cf4f099c5c3e9753cb55a24",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        False,
    ),
    (
        "first bit of s flipped",
        POINT,
        "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
        + "fcd48d8176f8c02734b697f6848c4798ab0381140cf4f099c5c3e9753cb55a24",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        False,
    ),
    (
        "last bit of s flipped",
        POINT,
        "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
        + "fdd48d8176f8c02734b697f6848c4798ab0381140cf4f099c5c3e9753cb55a25",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        False,
    ),
    (
        "another digest",
        POINT,
        "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
        + "fdd48d8176f8c02734b697f6848c4798ab0381140cf4f099c5c3e9753cb55a24",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a25",
        False,
    ),
    (
        "another key",
        "044288d21a07c641a80ba82be580dfc96cc4dd2a8fb28b2ba6642c5cd0b89195"
        + "e6ce166750cccd8a606bc79908b1838c2c9f2564f56940f5c3219ca11df127cf"
        + "37",
        "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
        + "fdd48d8176f8c02734b697f6848c4798ab0381140cf4f099c5c3e9753cb55a24",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        False,
    ),
    (
        "the opposite key",
        "047d623cc118047fc7ed7de3b453fd1e3d94e31e53987af67a8cb739cd60e567"
        + "eceb73f02a8727cd487d4ad14b9f4d5d4acf93ec737eae37f475860fbb16c373"
        + "19",
        "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
        + "fdd48d8176f8c02734b697f6848c4798ab0381140cf4f099c5c3e9753cb55a24",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        False,
    ),
    (
        "point off the curve",
        "047d623cc118047fc7ed7de3b453fd1e3d94e31e53987af67a8cb739cd60e567"
        + "ec148c0fd478d832b882b52eb460b2a2b5306c138d8151c80b8a79f044e93c8c"
        + "e7",
        "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
        + "fdd48d8176f8c02734b697f6848c4798ab0381140cf4f099c5c3e9753cb55a24",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        False,
    ),
    (
        "point zero",
        "0400000000000000000000000000000000000000000000000000000000000000"
        + "0000000000000000000000000000000000000000000000000000000000000000"
        + "00",
        "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
        + "fdd48d8176f8c02734b697f6848c4798ab0381140cf4f099c5c3e9753cb55a24",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        False,
    ),
    (
        "point all zero bytes",
        "0000000000000000000000000000000000000000000000000000000000000000"
        + "0000000000000000000000000000000000000000000000000000000000000000"
        + "00",
        "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
        + "fdd48d8176f8c02734b697f6848c4798ab0381140cf4f099c5c3e9753cb55a24",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        False,
    ),
    (
        "point of the other first byte 0",
        "007d623cc118047fc7ed7de3b453fd1e3d94e31e53987af67a8cb739cd60e567"
        + "ec148c0fd478d832b882b52eb460b2a2b5306c138d8151c80b8a79f044e93c8c"
        + "e6",
        "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
        + "fdd48d8176f8c02734b697f6848c4798ab0381140cf4f099c5c3e9753cb55a24",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        False,
    ),
    (
        "point in hybrid form",
        "067d623cc118047fc7ed7de3b453fd1e3d94e31e53987af67a8cb739cd60e567"
        + "ec148c0fd478d832b882b52eb460b2a2b5306c138d8151c80b8a79f044e93c8c"
        + "e6",
        "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
        + "fdd48d8176f8c02734b697f6848c4798ab0381140cf4f099c5c3e9753cb55a24",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        False,
    ),
    (
        "x not below p",
        "04ffffffff000000010000000000000000000000010000000000000000000000"
        + "04459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fb"
        + "cc",
        "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
        + "fdd48d8176f8c02734b697f6848c4798ab0381140cf4f099c5c3e9753cb55a24",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        False,
    ),
    (
        "x is p",
        "04ffffffff00000001000000000000000000000000ffffffffffffffffffffff"
        + "ff148c0fd478d832b882b52eb460b2a2b5306c138d8151c80b8a79f044e93c8c"
        + "e6",
        "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
        + "fdd48d8176f8c02734b697f6848c4798ab0381140cf4f099c5c3e9753cb55a24",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        False,
    ),
    (
        "y is p",
        "047d623cc118047fc7ed7de3b453fd1e3d94e31e53987af67a8cb739cd60e567"
        + "ecffffffff00000001000000000000000000000000ffffffffffffffffffffff"
        + "ff",
        "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
        + "fdd48d8176f8c02734b697f6848c4798ab0381140cf4f099c5c3e9753cb55a24",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        False,
    ),
    (
        "point empty",
        "",
        "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
        + "fdd48d8176f8c02734b697f6848c4798ab0381140cf4f099c5c3e9753cb55a24",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        False,
    ),
    (
        "point compressed",
        "027d623cc118047fc7ed7de3b453fd1e3d94e31e53987af67a8cb739cd60e567ec",
        "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
        + "fdd48d8176f8c02734b697f6848c4798ab0381140cf4f099c5c3e9753cb55a24",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        False,
    ),
    (
        "point of 64 bytes",
        "7d623cc118047fc7ed7de3b453fd1e3d94e31e53987af67a8cb739cd60e567ec"
        + "148c0fd478d832b882b52eb460b2a2b5306c138d8151c80b8a79f044e93c8ce6",
        "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
        + "fdd48d8176f8c02734b697f6848c4798ab0381140cf4f099c5c3e9753cb55a24",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        False,
    ),
    (
        "point with a byte too many",
        "047d623cc118047fc7ed7de3b453fd1e3d94e31e53987af67a8cb739cd60e567"
        + "ec148c0fd478d832b882b52eb460b2a2b5306c138d8151c80b8a79f044e93c8c"
        + "e600",
        "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
        + "fdd48d8176f8c02734b697f6848c4798ab0381140cf4f099c5c3e9753cb55a24",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        False,
    ),
    (
        "signature empty",
        POINT,
        "",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        False,
    ),
    (
        "signature of 63 bytes",
        POINT,
        "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
        + "fdd48d8176f8c02734b697f6848c4798ab0381140cf4f099c5c3e9753cb55a",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        False,
    ),
    (
        "signature with a byte too many",
        POINT,
        "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
        + "fdd48d8176f8c02734b697f6848c4798ab0381140cf4f099c5c3e9753cb55a24"
        + "00",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        False,
    ),
    (
        "signature in DER",
        POINT,
        "304502207397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf7"
        + "4cdb072c022100fdd48d8176f8c02734b697f6848c4798ab0381140cf4f099c5"
        + "c3e9753cb55a24",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        False,
    ),
    (
        "digest empty",
        POINT,
        "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
        + "fdd48d8176f8c02734b697f6848c4798ab0381140cf4f099c5c3e9753cb55a24",
        "",
        False,
    ),
    (
        "digest of 31 bytes",
        POINT,
        "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
        + "fdd48d8176f8c02734b697f6848c4798ab0381140cf4f099c5c3e9753cb55a24",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a",
        False,
    ),
    (
        "digest with a byte too many",
        POINT,
        "7397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb072c"
        + "fdd48d8176f8c02734b697f6848c4798ab0381140cf4f099c5c3e9753cb55a24",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a2400",
        False,
    ),
    (
        "a zero before r and s",
        POINT,
        "007397a17dbdc27228fa707c9071f048e5a72c48fda41251cc48a0fbf74cdb07"
        + "2c00fdd48d8176f8c02734b697f6848c4798ab0381140cf4f099c5c3e9753cb5"
        + "5a24",
        "792d5949878efac8792aec2326e7cf94c8ff0069152a2d194063bb26353b8a24",
        False,
    ),
)
