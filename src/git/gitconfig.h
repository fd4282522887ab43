/*
 * gitconfig.h - reads what `git config -z --list --show-scope` prints, and writes git's format.
 *
 * The list is "<scope>\0<key>\n<value>\0" for each setting, includes followed, later ones winning;
 * without "\n<value>" the setting is a bare true. Section and name are lower case in keys.
 */
#ifndef GIT_GITCONFIG_H
#define GIT_GITCONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"

struct git_setting {
	const char *scope; /* "system", "global", "local", "worktree", "command" */
	const char *value; /* NULL: bare */
	const char *key; /* not terminated when there is a value: */
	size_t key_len;
	const char *section; /* "remote" of remote.my.fork.url */
	size_t section_len;
	const char *sub; /* "my.fork"; NULL if there is none */
	size_t sub_len;
	const char *name; /* "url" */
	size_t name_len;
};

/* The next setting from *pos on, which moves behind it. False at the end. */
bool git_config_next(const char *list, size_t len, size_t *pos, struct git_setting *out);
/* section and name; sub may be NULL for "any". */
bool git_setting_is(
	const struct git_setting *s, const char *section, const char *sub, const char *name);
/* Of this repository, not of the user or the system? */
bool git_setting_is_local(const struct git_setting *s);
bool git_setting_true(const struct git_setting *s);
/* A path that starts from the repository: git's own rule is no scheme, no colon before a slash. */
bool git_url_is_relative(const char *url);

/* Append "[section "sub"]\n\tname = "value"\n"; lengths as in struct git_setting. */
void git_config_write(struct buf *out, const struct git_setting *s);
void git_config_add(
	struct buf *out, const char *section, const char *sub, const char *name, const char *value);

#endif
