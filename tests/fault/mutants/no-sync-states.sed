# log/append.c test_states: nothing is synced, as a power cut shows it
s/fdatasync\(fd\) < 0\)/0 > 1)/
