# core/fs.c test_fs: a lock of the process, not of the descriptor
s/F_OFD_SETLK/F_SETLK/
