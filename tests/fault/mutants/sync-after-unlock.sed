# log/append.c t220: synced after the lock is free
s/r == 0 && fdatasync\(fd\) < 0\)/(late_fd = dup(fd)) < 0)/
s/^static int extend\(/static int late_fd = -1;\n\n&/
/^int journal_append/,$s/^\tclose\(fd\);/&\n\tif (r == 0 \&\& late_fd >= 0 \&\& fdatasync(late_fd) < 0)\n\t\tr = error_errno(err, "late");\n\tif (late_fd >= 0)\n\t\tclose(late_fd);\n\tlate_fd = -1;/
