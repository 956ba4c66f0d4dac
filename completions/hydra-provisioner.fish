# Completion of hydra-provisioner's command lines in fish 3 or newer, for share/fish/vendor_completions.d. The program itself
# says what can come next.

function __hydra_provisioner_lines
    set -l words (commandline -opc)
    set -l word (commandline -ct | string unescape; or commandline -ct)
    $words[1] complete -- $words[2..] "$word" 2>/dev/null
end

function __hydra_provisioner_candidates
    for line in (__hydra_provisioner_lines)
        switch $line
            case ':files'
            case ':folders'
                __fish_complete_directories (commandline -ct) ''
            case '*'
                echo $line
        end
    end
end

complete -c hydra-provisioner -f -a '(__hydra_provisioner_candidates)'
complete -c hydra-provisioner -n '__hydra_provisioner_lines | string match -q :files' -F
