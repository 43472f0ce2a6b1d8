"""Changing N customers, one as well as a list: read under locks (`reading`), judge (`deciding`), write and record (`writing`)."""
