#include "hooks/install/install.h"

static const char *const work_tree_hooks[] = { "post-commit", "post-checkout", "post-merge",
	"post-rewrite", "post-applypatch", "pre-push", NULL };
static const char *const bare_hooks[] = { "post-receive", NULL };

const char *const *hook_names(bool bare)
{
	return bare ? bare_hooks : work_tree_hooks;
}
