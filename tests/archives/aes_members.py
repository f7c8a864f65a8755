"""Members encrypted as WinZip does it (AE-1, AE-2), written for a test: PBKDF2, AES in counter mode, HMAC."""

import struct
import zlib

from Crypto.Cipher import AES
from Crypto.Hash import HMAC, SHA1
from Crypto.Protocol.KDF import PBKDF2
from Crypto.Util import Counter

from benchmarks.zip_writer import ZipWriter, deflate

SALT, KEY_BYTES = bytes(range(16)), 32


def add_aes(writer: ZipWriter, name: bytes, content: bytes, password: str, version: int) -> None:
    """One deflated member under AES-256; version 2 keeps no checksum."""
    keys = PBKDF2(password.encode(), SALT, 2 * KEY_BYTES + 2, 1000)
    cipher = AES.new(keys[:KEY_BYTES], AES.MODE_CTR, counter=Counter.new(nbits=128, little_endian=True))
    sealed = cipher.encrypt(deflate(content))
    seal = HMAC.new(keys[KEY_BYTES : 2 * KEY_BYTES], sealed, SHA1).digest()[:10]
    extra = struct.pack("<HHH2sBH", 0x9901, 7, version, b"AE", 3, 8)
    packed = SALT + keys[-2:] + sealed + seal
    crc = zlib.crc32(content) if version == 1 else 0
    writer.add(name, packed, size=len(content), crc=crc, method=99, flags=1, extra=extra)
