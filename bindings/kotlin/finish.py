"""Finishes the bindings that UniFFI wrote for Kotlin, where its generator cannot be told: messages with the remedy, closed
objects as arguments, what a callback throws as the cause of the error, and the thread on which a coroutine goes on. Each change must
find its place, so that another version of UniFFI is noticed.

    python bindings/kotlin/finish.py xkslink.kt
"""

from __future__ import annotations

import pathlib
import re
import sys

CHANGES = [
    # A native library that is not there: see Boundary.kt.
    (r"Native\.register\((\w+::class\.java, findLibraryName)", r"registerNative(\1"),
    # An object that is closed.
    (
        r'"\$\{this\.javaClass\.simpleName\} object has already been destroyed"',
        '"this ${this.javaClass.simpleName} is closed: make a new one"',
    ),
    # The same object as an argument: its handle would be used after it is freed.
    (r"return value\.uniffiCloneHandle\(\)", "return value.callWithHandle { it }"),
    # A callback in Java that gives null.
    (r"writeReturn\(makeCall\(\)\)", "writeReturn(given(makeCall()))"),
    # What a callback throws, be it an Exception or an Error.
    (r"catch\(e: kotlin\.Exception\) \{\n        if \(e is E\)", "catch(thrown: Throwable) {\n        val e = refused(thrown)\n        if (e is E)"),
    # What is waited for has come: see Boundary.kt.
    (r"(uniffiContinuationHandleMap\.remove\(data\))\.resume\(pollResult\)", r"\1.resumeElsewhere(pollResult)"),
    # An error's message for people, and its cause.
    (
        r'(\) : XksException\(\) \{\n        override val message\n            get\(\) = )"[^\n]*"',
        r'\1"$reason; $help"\n        override val cause\n            get() = (thrown as? Kept)?.exception',
    ),
]


def main() -> None:
    file = pathlib.Path(sys.argv[1])
    text = file.read_text(encoding="utf-8")
    for old, new in CHANGES:
        text, found = re.subn(old, new, text)
        if not found:
            sys.exit(f"{file}: nothing is like `{old}`; see what this version of UniFFI writes")
    file.write_text(text, encoding="utf-8")


main()
