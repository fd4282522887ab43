#include "cli/app.h"

extern const struct cmd cmd_session_start, cmd_session_list, cmd_session_get, cmd_session_dir,
	cmd_session_inspect, cmd_session_log, cmd_session_delete, cmd_session_restore,
	cmd_session_pr_create, cmd_session_pr_get, cmd_session_approve, cmd_journal_log,
	cmd_journal_verify, cmd_hooks_install, cmd_hooks_status, cmd_hooks_uninstall, cmd_init,
	cmd_sync, cmd_completion, cmd_help, cmd_version;

const struct cmd *const cmd_table[] = {
	&cmd_session_start,
	&cmd_session_list,
	&cmd_session_get,
	&cmd_session_dir,
	&cmd_session_inspect,
	&cmd_session_log,
	&cmd_session_pr_create,
	&cmd_session_pr_get,
	&cmd_session_approve,
	&cmd_session_delete,
	&cmd_session_restore,
	&cmd_journal_log,
	&cmd_journal_verify,
	&cmd_hooks_install,
	&cmd_hooks_status,
	&cmd_hooks_uninstall,
	&cmd_init,
	&cmd_sync,
	&cmd_completion,
	&cmd_help,
	&cmd_version,
	NULL,
};
