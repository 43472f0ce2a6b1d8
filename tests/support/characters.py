"""Characters for tests of texts."""
# ruff: noqa: RUF001 - letters that look alike are what this is about

from hypothesis import strategies as st

EVERY_CHARACTER = [chr(code) for code in (*range(1, 0xD800), *range(0xE000, 0x20000), *range(0xE0000, 0xE1000))]


MARKED = st.text(
    st.sampled_from("aAeiIJoszßſKkςσΣΐΰİıǰŉﬁ\u0301\u0308\u0307\u030a\u0327\u0328\u0345\u034f\u0338\u1100\u1161"),
    max_size=8,
)
