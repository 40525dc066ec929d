/**
 * The script that runs programs whose interpreter line is too long for the kernel (store-and-specs-on-disk E.7): it finds
 * that line as the first or second of the script it is given and replaces itself by the interpreter. Install it as
 * `<root>/bin/sbang`, mode 0755.
 */
export const SBANG_SCRIPT = `#!/bin/sh
# Runs a script whose interpreter line is too long for the kernel. Such a script starts with two lines:
#
#     #!/bin/sh <path of this file>
#     #!<long path of the interpreter> [arguments]
#
# The second line may also start with "//!" (node), "--!" (lua) or "<?php #!" (php).

fail() {
    echo "sbang: $1" >&2
    exit 126
}

[ "$#" -gt 0 ] || fail 'no script given'
script=$1
shift
[ -f "$script" ] && [ -r "$script" ] || fail "cannot read $script"

# The interpreter line: the last of the first two lines that carries a mark.
command=
number=0
while [ "$number" -lt 2 ]; do
    number=$((number + 1))
    line=
    IFS= read -r line || [ -n "$line" ] || break
    case $line in
        '#!'*) command=\${line#'#!'} ;;
        '//!'* | '--!'*) command=\${line#???} ;;
        '<?php #!'*) command=\${line#'<?php #!'} ;;
    esac
done < "$script"

# Words only: a carriage return at the end is no part of the line, and wildcards stay what they are.
command=\${command%"$(printf '\\r')"}
set -f

interpreter=
for word in $command; do
    case $interpreter in
        '') interpreter=$word ;;
        # What env is asked to run counts; its options and assignments do not.
        */env | env)
            case $word in
                -* | *=*) ;;
                *) interpreter=$word ;;
            esac
            ;;
    esac
done
[ -n "$interpreter" ] || fail "$script has no interpreter line"

case $command in
    *"/bin/sbang" | *" $0") fail "$script asks for sbang itself" ;;
esac

# These two go by the first line unless they are told to look for their own.
case \${interpreter##*/} in
    perl* | ruby*) exec $command -x "$script" "$@" ;;
    *) exec $command "$script" "$@" ;;
esac
`;
