# log/append.c t220: synced after the lock is free
s/r == 0 && fdatasync\(fd\) < 0\)/(late_fd = dup(fd)) < 0)/
s/^static int extend\(/static int late_fd = -1;\n\n&/
s/^\t\t(close\(lock_fd\)|kept_unlock\(j\));/&\n\t\tif (r == 0 \&\& late_fd >= 0 \&\& fdatasync(late_fd) < 0)\n\t\t\tr = error_errno(err, "late");\n\t\tif (late_fd >= 0)\n\t\t\tclose(late_fd);\n\t\tlate_fd = -1;/
