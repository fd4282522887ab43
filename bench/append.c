/* One line into a file of its own git directory, and one fdatasync. */
#include <fcntl.h>
#include <unistd.h>

int main(void)
{
	char line[600];
	int fd = open(".git/bench-append", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	if (fd < 0 || write(fd, line, sizeof(line)) != (ssize_t)sizeof(line) || fdatasync(fd) < 0)
		return 1;
	return close(fd) < 0;
}
