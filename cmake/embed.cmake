# cmake -DINPUT=x.sql -DOUTPUT=x.c -DNAME=x -DHEADER=x.h -P embed.cmake: a text as an array.
file(READ "${INPUT}" hex HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
file(WRITE "${OUTPUT}" "#include \"${HEADER}\"\n\nconst char ${NAME}[] = { ${bytes}0x00 };\n")
