# The session that you are in, for fish's prompt. Starts no program.
#
#	source PREFIX/share/minsky/prompt/minsky-prompt.fish
#	function fish_prompt; echo -n (prompt_pwd)(minsky_prompt ' [%s]')'> '; end
function minsky_prompt --description 'the name of the session in place of %s; nothing outside one'
	set -l format $argv[1]
	test -n "$format"; or set format '(%s)'
	set -l dir $PWD
	while not test -e "$dir/.git"
		test -n "$dir"; or return 0
		set dir (string replace -r '/[^/]*$' '' -- $dir)
	end
	set -l file "$dir/.git/minsky/journal"
	if test -f "$dir/.git"
		read -l line <"$dir/.git"; or return 0
		set file (string replace 'gitdir: ' '' -- $line)/minsky/session
	end
	test -r "$file"; or return 0
	while read -l key value
		if test "$key" = name
			string match -qr '^[A-Za-z0-9._#~-]+$' -- $value; and printf $format $value
			return 0
		end
	end <"$file"
end
