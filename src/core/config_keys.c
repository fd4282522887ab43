#include <strings.h>

#include "core/config_parts.h"
#include "core/text.h"

#define STATE "${MINSKY_STATE}"

const struct config_key config_keys[] = {
	{ .name = "sessiondb.backend",
		.variable = "MINSKY_SESSION_BACKEND",
		.default_value = "json",
		.type = CONFIG_NAME,
		.choices = "json|sqlite|postgres",
		.kept = true,
		.help = "backend that stores session records" },
	{ .name = "sessiondb.location",
		.variable = "MINSKY_SESSIONDB_LOCATION",
		.type = CONFIG_TEXT,
		.sensitive = true,
		.secret = true,
		.kept = true,
		.help = "store of a third-party backend module" },
	{ .name = "sessiondb.json.path",
		.variable = "MINSKY_JSON_PATH",
		.default_value = STATE "/session-db.json",
		.type = CONFIG_PATH,
		.sensitive = true,
		.kept = true,
		.help = "file of the json backend" },
	{ .name = "sessiondb.sqlite.path",
		.variable = "MINSKY_SQLITE_PATH",
		.default_value = STATE "/sessions.db",
		.type = CONFIG_PATH,
		.sensitive = true,
		.kept = true,
		.help = "file of the sqlite backend" },
	{ .name = "sessiondb.sqlite.wal",
		.variable = "MINSKY_SQLITE_WAL",
		.default_value = "true",
		.type = CONFIG_BOOL,
		.help = "use a write-ahead log, so that readers and a writer do not wait for each "
			"other" },
	{ .name = "sessiondb.sqlite.busyTimeout",
		.variable = "MINSKY_SQLITE_BUSY_TIMEOUT",
		.default_value = "5s",
		.type = CONFIG_DURATION,
		.help = "how long to wait for another writer" },
	{ .name = "sessiondb.sqlite.synchronous",
		.variable = "MINSKY_SQLITE_SYNCHRONOUS",
		.default_value = "normal",
		.type = CONFIG_CHOICE,
		.choices = "off|normal|full|extra",
		.help = "PRAGMA synchronous; what is lost is rebuilt from the journal" },
	{ .name = "sessiondb.postgres.url",
		.variable = "MINSKY_POSTGRES_URL",
		.type = CONFIG_TEXT,
		.sensitive = true,
		.secret = true,
		.kept = true,
		.help = "postgres://user@host/database" },
	{ .name = "sessiondb.postgres.service",
		.variable = "MINSKY_POSTGRES_SERVICE",
		.type = CONFIG_TEXT,
		.sensitive = true,
		.kept = true,
		.help = "name of a service in the connection service file" },
	{ .name = "sessiondb.postgres.passfile",
		.variable = "MINSKY_POSTGRES_PASSFILE",
		.type = CONFIG_PATH,
		.sensitive = true,
		.kept = true,
		.help = "file with passwords, instead of ~/.pgpass" },
	{ .name = "sessiondb.postgres.poolSize",
		.variable = "MINSKY_POSTGRES_POOL_SIZE",
		.default_value = "4",
		.type = CONFIG_INT,
		.choices = "1..64",
		.help = "maximum number of connections of one process" },
	{ .name = "sessiondb.postgres.connectTimeout",
		.variable = "MINSKY_POSTGRES_CONNECT_TIMEOUT",
		.default_value = "5s",
		.type = CONFIG_DURATION,
		.help = "how long to wait for a connection" },
	{ .name = "sessiondb.postgres.sslmode",
		.variable = "MINSKY_POSTGRES_SSLMODE",
		.type = CONFIG_CHOICE,
		.choices = "disable|allow|prefer|require|verify-ca|verify-full",
		.sensitive = true,
		.kept = true,
		.help = "TLS mode; unset: verify-full, unless the host is this machine" },
	{ .name = "sessiondb.postgres.sslrootcert",
		.variable = "MINSKY_POSTGRES_SSLROOTCERT",
		.type = CONFIG_PATH,
		.choices = "system",
		.sensitive = true,
		.kept = true,
		.help = "certificates to trust: a file, or system" },
	{ .name = "sessiondb.hub",
		.variable = "MINSKY_HUB",
		.type = CONFIG_TEXT,
		.sensitive = true,
		.secret = true,
		.kept = true,
		.help = "hub over which a team exchanges events, or none; unset: the postgres "
			"backend" },
	{ .name = "session.workspaceRoot",
		.variable = "MINSKY_WORKSPACE_ROOT",
		.default_value = STATE "/sessions",
		.type = CONFIG_PATH,
		.sensitive = true,
		.help = "directory of the workspaces" },
	{ .name = "session.mode",
		.variable = "MINSKY_SESSION_MODE",
		.default_value = "clone",
		.type = CONFIG_CHOICE,
		.choices = "clone|worktree",
		.help = "kind of workspace" },
	{ .name = "session.submodules",
		.variable = "MINSKY_SESSION_SUBMODULES",
		.default_value = "yes",
		.type = CONFIG_CHOICE,
		.choices = "yes|no",
		.help = "whether to check out submodules in a new workspace" },
	{ .name = "session.hooks",
		.variable = "MINSKY_SESSION_HOOKS",
		.default_value = "carry",
		.type = CONFIG_CHOICE,
		.choices = "carry|none",
		.help = "whether the repository's own hooks run in a workspace" },
	{ .name = "session.setup",
		.variable = "MINSKY_SESSION_SETUP",
		.type = CONFIG_TEXT,
		.sensitive = true,
		.help = "command to run in a new workspace" },
	{ .name = "session.base",
		.variable = "MINSKY_SESSION_BASE",
		.type = CONFIG_TEXT,
		.help = "branch that sessions start from; unset: the default branch" },
	{ .name = "pr.push",
		.variable = "MINSKY_PR_PUSH",
		.default_value = "ask",
		.type = CONFIG_CHOICE,
		.choices = "ask|yes|no",
		.sensitive = true,
		.help = "whether to push to the base branch of a remote for the first time" },
	{ .name = "pr.required",
		.variable = "MINSKY_PR_REQUIRED",
		.default_value = "owner",
		.type = CONFIG_CHOICE,
		.choices = "owner|any|1|2|3|4|5|6|7|8|9",
		.sensitive = true,
		.help = "whose approval merging asks for: the owner's, anybody's, of how many" },
	{ .name = "pr.agents",
		.variable = "MINSKY_PR_AGENTS",
		.default_value = "no",
		.type = CONFIG_CHOICE,
		.choices = "no|yes",
		.sensitive = true,
		.help = "whether an agent may approve the PR of its own session" },
	{ .name = "trash.keep",
		.variable = "MINSKY_TRASH_KEEP",
		.default_value = "14d",
		.type = CONFIG_DURATION,
		.sensitive = true,
		.help = "how long a deleted workspace can be restored" },
	{ .name = "hooks.deadline",
		.variable = "MINSKY_HOOKS_DEADLINE",
		.default_value = "200ms",
		.type = CONFIG_DURATION,
		.help = "how long a hook of minsky can take, at most 60s" },
	{ .name = "color",
		.variable = "MINSKY_COLOR",
		.default_value = "auto",
		.type = CONFIG_CHOICE,
		.choices = "auto|always|never",
		.help = "when to colour output" },
	{ .name = "pager",
		.variable = "MINSKY_PAGER",
		.type = CONFIG_TEXT,
		.sensitive = true,
		.help = "program for long output; empty: none" },
};

const size_t n_config_keys = sizeof(config_keys) / sizeof(config_keys[0]);

const struct config_old config_old_keys[] = {
	{ "sessiondb.connectionString", "sessiondb.postgres.url" },
	{ "sessiondb.postgres.connectionString", "sessiondb.postgres.url" },
	{ "sessiondb.dbPath", "sessiondb.sqlite.path" },
	{ "sessiondb.path", "sessiondb.sqlite.path" },
	{ "sessiondb.sqlite.dbPath", "sessiondb.sqlite.path" },
	{ "sessiondb.json.dbPath", "sessiondb.json.path" },
	{ "sessiondb.enableWAL", "sessiondb.sqlite.wal" },
	{ "sessiondb.sqlite.enableWAL", "sessiondb.sqlite.wal" },
	{ "sessiondb.baseDir", "session.workspaceRoot" },
	{ "sessiondb.json.baseDir", "session.workspaceRoot" },
	{ "sessiondb.sqlite.baseDir", "session.workspaceRoot" },
	{ NULL, NULL },
};

const struct config_old config_old_variables[] = {
	{ "MINSKY_SESSIONDB_BACKEND", "sessiondb.backend" },
	{ "MINSKY_SESSIONDB_SQLITE_PATH", "sessiondb.sqlite.path" },
	{ "MINSKY_SESSIONDB_DBPATH", "sessiondb.sqlite.path" },
	{ "MINSKY_SESSIONDB_POSTGRES_URL", "sessiondb.postgres.url" },
	{ "MINSKY_SESSIONDB_CONNECTION_STRING", "sessiondb.postgres.url" },
	{ "MINSKY_SESSIONDB_BASE_DIR", "session.workspaceRoot" },
	{ NULL, NULL },
};

size_t config_key_find(const char *name)
{
	for (size_t i = 0; i < n_config_keys; i++)
		if (!strcmp(config_keys[i].name, name))
			return i;
	return SIZE_MAX;
}

const char *config_key_of_old(const struct config_old *table, const char *old)
{
	for (; table->old; table++)
		if (!strcmp(table->old, old))
			return table->name;
	return NULL;
}

bool config_key_is_section(const char *path)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < n_config_keys; i++)
		if (!strncmp(config_keys[i].name, path, len) && config_keys[i].name[len] == '.')
			return true;
	return false;
}

static const char *last_part(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot ? dot + 1 : name;
}

const char *config_key_nearest(const char *name)
{
	size_t best = strlen(name) / 3 + 1, same_end = 0;
	const char *nearest = NULL, *by_end = NULL;

	for (size_t i = 0; i < n_config_keys; i++) {
		const char *known = config_keys[i].name;
		size_t d = text_distance(name, known);

		if (d < best) {
			best = d;
			nearest = known;
		}
		if (!strcasecmp(last_part(known), last_part(name))) {
			same_end++;
			by_end = known;
		}
	}
	return nearest ? nearest : same_end == 1 ? by_end : NULL;
}
