# What jq makes of a text, and by which of our rules we refuse it although jq takes it.
#
# A line: the text in base64, and what two of our readers made of it, or nothing. Printed is "no", or
# "yes", our reasons with "|" between them, and whether jq reads the same as we do: "same", "other",
# "-" if we read nothing.

def strict_number: test("^-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][-+]?[0-9]+)?$");
def containers: [path(.. | select(type == "array" or type == "object")) | length + 1] | max // 0;
def members: [.. | objects | keys | length] | add // 0;
# What a tree tells: of numbers the whole ones up to 2^53, and in an array neither numbers nor truths.
def as_tree: walk(
	if type == "array" then map(if type == "number" or type == "boolean" then -1 else . end)
	elif type == "object" then map_values(if type == "number" and (. < 0 or . > 9007199254740992 or floor != .) then -1 else . end)
	else . end);

# An escape at a time, so that a backslash is never taken for the beginning of two.
def escapes: [match("\\\\(u[dD][89abAB][0-9a-fA-F]{2}\\\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)"; "g").string];

def reasons($raw):
	. as $text | fromjson as $value |
	"\"([^\"\\\\]|\\\\.)*\"" as $string |
	[match($string; "gs").string] as $strings |
	gsub($string; "\"\""; "s") as $rest |
	[$rest | match("[^][{}:,\" \t\r\n]+"; "g").string | select(IN("true", "false", "null") | not)] as $numbers |
	($strings | map(escapes) | add // []) as $escapes |
	[
		(if (@base64 | rtrimstr("=")) != ($raw | rtrimstr("=")) then "not UTF-8" else empty end),
		(if any($strings[]; test("[\u0000-\u001f]")) then "a control character in a string" else empty end),
		(if any($escapes[]; . == "\\u0000") then "\\u0000 is not allowed" else empty end),
		(if any($escapes[]; test("^\\\\u[dD][89a-fA-F][0-9a-fA-F]{2}$")) then "half of a surrogate pair" else empty end),
		(if any($numbers[]; strict_number | not) then "not a number", "not a value" else empty end),
		(if startswith("\ufeff") then "not a number" else empty end),
		(if any($numbers[]; length > 63) then "a number is too long" else empty end),
		(if any($numbers[]; strict_number and (tonumber | . >= 1e308 or . <= -1e308)) then "a number is too large" else empty end),
		(if [$rest | match("\"\"[ \\t\\r\\n]*:"; "g")] | length != ($value | members) then "duplicate key" else empty end),
		(if ($value | containers) > 32 then "nested too deeply" else empty end),
		# jq's C string ends there; and it knows a separator of texts.
		(if $rest | test("[\u0000\u001e]") then "*" else empty end)
	] | unique | join("|");

split(" ") as [$raw, $slices, $tree] |
($raw | @base64d) as $text |
(try ($text | [fromjson]) catch null) as $read |
if $read == null then "no"
else
	"yes\t\($text | reasons($raw))\t" +
	if $slices == "" then "-"
	elif ($slices | @base64d | fromjson) == $read[0] and
		($tree | @base64d | fromjson) == ($read | as_tree) then "same"
	else "other" end
end
