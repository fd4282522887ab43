# log/append.c test_append/a_single_failure*: a newline completes a torn line
s/^\tif \(a->tail\.state == TAIL_TORN\)$/\tif (a->tail.state == TAIL_TORN) {\n\t\tint fd = openat(a->j->own.fd, a->tail.segment.name, O_WRONLY | O_APPEND);\n\n\t\ta->fresh = write(fd, "\\n", 1) == 1 \&\& close(fd) == 0;\n\t\treturn 0;\n\t}\n&/
