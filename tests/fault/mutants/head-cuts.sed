# log/tail.c test_journal: what stands behind head is torn
s/^\t\tif \(size == h->size\) \{/\t\tif (size > h->size) {\n\t\t\tt->size = size;\n\t\t\tt->state = TAIL_TORN;\n\t\t\tgoto out;\n\t\t}\n&/
