"""Changes of N customers: read under locks (`reading`), judge (`deciding`), write and record (`writing`)."""
