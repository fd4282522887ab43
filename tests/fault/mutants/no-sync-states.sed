# log/append.c test_states/appends: nothing is synced, as a power cut shows it
s/fdatasync\(fd\) < 0\)/0 > 1)/
