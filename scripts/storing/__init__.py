"""A bucket of any S3, tried with what Gatehouse does with one."""
