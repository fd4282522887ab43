#include "git/gitenv.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * GIT_* variables that say who the user is, how to reach a server, and where configuration and
 * git itself live. All others are dropped: a hook's GIT_DIR, GIT_INDEX_FILE, GIT_WORK_TREE,
 * GIT_QUARANTINE_PATH and their like would point every command of ours at the wrong repository.
 * GIT_CONFIG_PARAMETERS is what `git -c` of somebody's one command left, and GIT_CONFIG_COUNT with
 * its keys and values what a container or a CI has for each.
 */
static const char *const kept_prefixes[] = {
	"GIT_SSH",
	"GIT_ASKPASS=",
	"GIT_TERMINAL_PROMPT=",
	"GIT_CONFIG_NOSYSTEM=",
	"GIT_CONFIG_GLOBAL=",
	"GIT_CONFIG_SYSTEM=",
	"GIT_CONFIG_COUNT=",
	"GIT_CONFIG_KEY_",
	"GIT_CONFIG_VALUE_",
	"GIT_LFS_",
	"GIT_AUTHOR_",
	"GIT_COMMITTER_",
	"GIT_TRACE",
	"GIT_EXEC_PATH=",
	"GIT_SSL_",
	"GIT_PROXY_",
	"GIT_HTTP_",
	"GIT_CURL_VERBOSE=",
	"GIT_ALLOW_PROTOCOL=",
	"GIT_PROTOCOL_FROM_USER=",
	"GIT_CEILING_DIRECTORIES=",
};

static const char *const added[] = { "MINSKY_HOOK=1", "LC_ALL=C", NULL };
static const char *const no_prompt[] = { "GIT_TERMINAL_PROMPT=0", NULL };

/* GIT_ALLOW_PROTOCOL: of these, those that the user's own list has. */
static const char *allowed_protocols(void)
{
	static const char *const names[] = { "https", "ssh", "git", "file" };
	static char entry[64];
	const char *users = getenv("GIT_ALLOW_PROTOCOL");
	size_t len;

	(void)snprintf(entry, sizeof(entry), "GIT_ALLOW_PROTOCOL=");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		bool has = !users;

		for (const char *at = users; at && *at; at += strcspn(at, ":"), at += *at == ':')
			has = has ||
				(strcspn(at, ":") == strlen(names[i]) &&
					strncmp(at, names[i], strlen(names[i])) == 0);
		len = strlen(entry);
		if (has)
			(void)snprintf(entry + len, sizeof(entry) - len, "%s%s",
				entry[len - 1] == '=' ? "" : ":", names[i]);
	}
	return entry;
}

static bool starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* Would it make git talk on stderr? To a file or a socket it may. */
static bool is_chatter(const char *variable)
{
	const char *value = strchr(variable, '=');

	if (starts_with(variable, "GIT_CURL_VERBOSE="))
		return true;
	return starts_with(variable, "GIT_TRACE") && value && !starts_with(value, "=/") &&
		!starts_with(value, "=af_unix:");
}

static bool kept(const char *variable, bool captured)
{
	if (!starts_with(variable, "GIT_"))
		return true;
	if (captured && is_chatter(variable))
		return false;
	for (size_t i = 0; i < sizeof(kept_prefixes) / sizeof(kept_prefixes[0]); i++)
		if (starts_with(variable, kept_prefixes[i]))
			return true;
	return false;
}

static size_t count(const char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	return n;
}

/* Is the variable that `entry` sets also set by one in the list? */
static bool overridden(const char *entry, const char *const *list)
{
	size_t name_len = strcspn(entry, "=") + 1;

	for (size_t i = 0; list && list[i]; i++)
		if (strncmp(entry, list[i], name_len) == 0)
			return true;
	return false;
}

const char **git_environment(const char *const *extra, bool may_prompt, bool unattended)
{
	const char *const *ours = (const char *const *)environ;
	const char *const *prompt = may_prompt ? NULL : no_prompt;
	const char *const ways[] = { unattended ? allowed_protocols() : NULL, NULL };
	const char *const *const lists[] = { added, prompt, ways, extra };
	const char **env;
	size_t n = 0;

	env = calloc(count(ours) + count(added) + count(prompt) + count(ways) + count(extra) + 1,
		sizeof(*env));
	if (!env)
		return NULL;
	for (size_t i = 0; ours && ours[i]; i++)
		if (kept(ours[i], !may_prompt) && !overridden(ours[i], added) &&
			!overridden(ours[i], prompt) && !overridden(ours[i], ways) &&
			!overridden(ours[i], extra))
			env[n++] = ours[i];
	for (size_t l = 0; l < sizeof(lists) / sizeof(lists[0]); l++)
		for (size_t i = 0; lists[l] && lists[l][i]; i++)
			if (lists[l] == extra || !overridden(lists[l][i], extra))
				env[n++] = lists[l][i];
	return env;
}
