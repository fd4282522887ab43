# log/segment.c test_append/a_short_transfer*: a short read is taken for the end
s/^\t\tgot \+= \(size_t\)k;/&\n\t\tbreak;/
