# log/append.c t220: nothing is synced
s/fdatasync\(fd\) < 0\)/0 > 1)/
