export const FISH = `# fish completion for plugctl
function __plugctl_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l lines (plugctl complete -- $words[2..] "$current" 2>/dev/null)
    if test "$lines[-1]" = ":files"
        set -l option (string match -r -- '^--[^=]*=' "$current")
        for path in (__fish_complete_path (string replace -- "$option" '' "$current"))
            echo "$option$path"
        end
        return
    end
    string match -v -r -- '^:' $lines
end
complete -c plugctl -f -a '(__plugctl_complete)'
`;
