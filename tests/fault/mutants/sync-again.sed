# log/append.c test_append/a_failed_sync*: a failed sync is tried again, and believed
s/r == 0 && fdatasync\(fd\) < 0\)/r == 0 \&\& fdatasync(fd) < 0 \&\& fdatasync(fd) < 0)/
