/* pg-proxy DIR UPSTREAM-DIR PORT MODE-FILE: pgproxy.h for scripts, which write the mode to a file.
 */
#include <stdio.h>
#include <sys/mman.h>

#include "lib/pgproxy.h"

int main(int argc, char **argv)
{
	static struct pgproxy_control control;
	int fd;

	if (argc != 5)
		return 2;
	fd = pgproxy_listen(argv[1], argv[3]);
	if (fd < 0) {
		perror(argv[1]);
		return 1;
	}
	pgproxy_serve(fd, argv[2], argv[3], &control, argv[4]);
}
