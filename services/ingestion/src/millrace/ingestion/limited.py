"""Request bodies of a bounded size."""

from fastapi import Request

from millrace.ingestion.errors import TooLarge


async def read_limited(request: Request, limit: int) -> bytes:
    """The body, counted as it streams in: a declared length is only believed when it is too large."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise TooLarge(f"a body may have {limit} bytes")
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"a body may have {limit} bytes")
        chunks.append(chunk)
    return b"".join(chunks)
