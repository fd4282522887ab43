#include "core/owner.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/fs.h"
#include "core/text.h"

#define LINKS_MAX 40

static int wrong(const char *path, const char *what, const char *command, const char *argument,
	struct error *err)
{
	struct buf quoted = BUF_INIT;

	text_add_quoted(&quoted, path);
	error_refuse(err, "untrusted-path", "'%s' %s", path, what);
	if (!quoted.failed)
		error_hint(err, "if its content is yours, run: %s %s %s", command, argument,
			quoted.data);
	buf_release(&quoted);
	return ERR_REFUSED;
}

int owner_check_one(const char *path, const struct stat *st, struct error *err)
{
	mode_t others = S_IWGRP | S_IWOTH;
	char us[24];

	if (st->st_uid != geteuid() && st->st_uid != 0) {
		(void)snprintf(us, sizeof(us), "%lu", (unsigned long)geteuid());
		return wrong(path, "belongs to another user",
			S_ISLNK(st->st_mode) ? "chown -h" : "chown", us, err);
	}
	if (st->st_gid == getegid() && getegid() == geteuid())
		others = S_IWOTH;
	if (S_ISLNK(st->st_mode) || !(st->st_mode & others) ||
		(S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX)))
		return 0;
	return wrong(path, "is writable by others", "chmod", "go-w", err);
}

/* "/a/b" and "../c" -> "/a/b/../c"; an absolute one stands for itself. Then what is left of it. */
static int follow(struct buf *done, struct buf *rest, const char *link, struct error *err)
{
	struct buf next = BUF_INIT;
	char *slash;

	buf_adds(&next, link);
	buf_addch(&next, '/');
	buf_adds(&next, rest->data);
	buf_clear(rest);
	buf_adds(rest, next.data);
	rest->failed |= next.failed;
	buf_release(&next);
	if (link[0] == '/') {
		buf_clear(done);
	} else {
		slash = strrchr(done->data, '/');
		buf_truncate(done, slash ? (size_t)(slash - done->data) : 0);
	}
	return buf_check(rest, err);
}

/* The next name of `rest` goes behind `done`. False: there is none. */
static bool take_name(struct buf *done, struct buf *rest)
{
	size_t skip = strspn(rest->data, "/"), len = strcspn(rest->data + skip, "/");
	const char *name = rest->data + skip;
	char *slash;

	if (!len)
		return false;
	if (len == 2 && !memcmp(name, "..", 2)) {
		slash = strrchr(done->data, '/');
		buf_truncate(done, slash ? (size_t)(slash - done->data) : 0);
	} else if (len > 1 || *name != '.') {
		buf_addch(done, '/');
		buf_add(done, name, len);
	}
	memmove(rest->data, name + len, rest->len - skip - len + 1);
	rest->len -= skip + len;
	return true;
}

/* 1: walked; 0: it ends here, since the name is missing. */
static int look(struct buf *done, struct buf *rest, unsigned *links, struct error *err)
{
	const char *path = done->len ? done->data : "/";
	char link[PATH_MAX];
	struct stat st;
	ssize_t n;
	int r;

	if (lstat(path, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR
			? 0
			: error_errno(err, "cannot access '%s'", path);
	r = owner_check_one(path, &st, err);
	if (r < 0 || !S_ISLNK(st.st_mode))
		return r < 0 ? r : 1;
	n = readlink(path, link, sizeof(link) - 1);
	if (n < 0)
		return error_errno(err, "cannot read link '%s'", path);
	link[n] = '\0';
	if (++*links > LINKS_MAX)
		return error_set(err, ERR_IO, "'%s' goes through too many links", path);
	r = follow(done, rest, link, err);
	return r < 0 ? r : 1;
}

int owner_check(const char *path, struct error *err)
{
	struct buf done = BUF_INIT, rest = BUF_INIT;
	unsigned links = 0;
	int r = 0;

	if (path[0] != '/')
		r = fs_realpath(".", &done, err);
	buf_adds(&rest, path);
	if (r == 0)
		r = buf_check(&rest, err);
	/* Of a relative path, the directory that we are in is part. */
	if (r == 0 && path[0] != '/')
		r = owner_check(done.data, err);
	if (r == 0)
		r = look(&done, &rest, &links, err);
	while (r > 0 && take_name(&done, &rest)) {
		r = buf_check(&done, err);
		if (r == 0)
			r = look(&done, &rest, &links, err);
	}
	buf_release(&done);
	buf_release(&rest);
	return r < 0 ? r : 0;
}
