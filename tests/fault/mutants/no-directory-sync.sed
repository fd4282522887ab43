# log/append.c t220: the directory is not synced
s/fsync\((a->)?j->own\.fd\) < 0/0 > 1/
