"""The body of an answer, decoded, never larger than allowed in either form."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from resources.http.stopped import Stopped, too_large

ACCEPTED = b"gzip, deflate"
GZIP = zlib.MAX_WBITS | 16


def read_body(pieces: Iterable[bytes], encoding: str, most: int) -> bytes:
    """All of `pieces`, decoded from `encoding`; Stopped past `most` bytes before or after that.

    A few kB of gzip become gigabytes, and endless gzip becomes nothing: both sizes count.
    """
    decoder = _decoder(encoding)
    parts: list[bytes] = []
    size = received = 0
    for piece in pieces:
        received += len(piece)
        part = piece if decoder is None else decoder.decode(piece, most - size)
        size += len(part)
        if max(size, received) > most:
            raise too_large(most)
        parts.append(part)
    if decoder is not None and received:
        decoder.finish()
    return b"".join(parts)


class _Inflating:
    """gzip, or deflate in its two forms: with zlib's header, as it should be, or without."""

    def __init__(self, form: int | None) -> None:
        self._form = form
        self._held = b""
        self._zlib = zlib.decompressobj(form) if form is not None else None

    def decode(self, piece: bytes, room: int) -> bytes:
        """What `piece` adds, at most one byte more than `room`."""
        piece = self._held + piece
        if self._zlib is None:
            if len(piece) < 2:
                self._held = piece
                return b""
            self._held = b""
            zlibs = piece[0] & 0x0F == 8 and int.from_bytes(piece[:2], "big") % 31 == 0
            self._zlib = zlib.decompressobj(zlib.MAX_WBITS if zlibs else -zlib.MAX_WBITS)
        try:
            return self._zlib.decompress(piece, room + 1)
        except zlib.error:
            raise _damaged() from None

    def finish(self) -> None:
        """Raise Stopped when the end was not reached, or something follows it."""
        if self._zlib is None or not self._zlib.eof or self._zlib.unused_data:
            raise _damaged()


def _decoder(encoding: str) -> _Inflating | None:
    match encoding.strip().lower():
        case "" | "identity":
            return None
        case "gzip" | "x-gzip":
            return _Inflating(GZIP)
        case "deflate":
            return _Inflating(None)
    raise Stopped("unreadable", "the answer is encoded in a way that was not asked for")


def _damaged() -> Stopped:
    return Stopped("unknown", "the compressed answer is damaged or cut off")
