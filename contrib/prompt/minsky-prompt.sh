# shellcheck shell=sh
# The session that you are in, for the prompt of bash, zsh and other shells of that kind. Starts no
# program: it looks for what minsky wrote into the workspace's git directory.
#
# bash:	. PREFIX/share/minsky/prompt/minsky-prompt.sh
#	PS1='\w$(minsky_prompt " [%s]")\$ '
# zsh:	. PREFIX/share/minsky/prompt/minsky-prompt.sh
#	setopt PROMPT_SUBST; PROMPT='%~$(minsky_prompt " [%s]")%# '

# minsky_prompt [FORMAT]: the name in place of %s; nothing outside a session's workspace. To be
# called in $(...), since it sets variables.
minsky_prompt() {
	minsky_dir=$PWD
	while [ ! -e "$minsky_dir/.git" ]; do
		case $minsky_dir in
		*/*) minsky_dir=${minsky_dir%/*} ;;
		*) return 0 ;;
		esac
	done
	if [ -f "$minsky_dir/.git" ]; then
		# A linked work tree, or a submodule: which is no session's workspace.
		IFS= read -r minsky_line <"$minsky_dir/.git" || return 0
		minsky_file=${minsky_line#gitdir: }/minsky/session
	else
		minsky_file=$minsky_dir/.git/minsky/journal
	fi
	[ -r "$minsky_file" ] || return 0
	while read -r minsky_key minsky_value; do
		[ "$minsky_key" != name ] || break
	done <"$minsky_file"
	[ "$minsky_key" = name ] || return 0
	# Names of sessions are made of these; anything else might mean something to a prompt.
	case $minsky_value in
	'' | *[!A-Za-z0-9._#~-]*) return 0 ;;
	esac
	# shellcheck disable=SC2059 # the caller's format
	printf "${1:-(%s)}" "$minsky_value"
}
