# Completion of xmm for bash. Written by `python -m xmm_cli.completion`; do not edit.
# Use: source this file, or put it into ~/.local/share/bash-completion/completions/xmm

# Folders and files of rows; a folder with an xmm.json, which is a checkpoint, ends the word.
_xmm_checkpoints() {
    local path
    compopt -o filenames -o nospace 2>/dev/null
    while IFS= read -r path; do
        if [[ -d $path && -e $path/xmm.json ]]; then
            compopt +o nospace 2>/dev/null
        fi
        COMPREPLY+=("$path")
    done < <(compgen -d -- "$1"; compgen -f -X '!*.jsonl' -- "$1")
}

_xmm_files() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

_xmm_folders() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -d -- "$1")
}

_xmm_words() {
    mapfile -t COMPREPLY < <(compgen -W "$2" -- "$1")
}

_xmm() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= word
    COMPREPLY=()
    if [[ $current == "=" ]]; then
        current=
    elif [[ $before == "=" ]]; then
        before=${COMP_WORDS[COMP_CWORD-2]}
    fi
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        if [[ $word != -* ]]; then
            command=$word
            break
        fi
    done
    case $command in
    "") _xmm_words "$current" "gen-personas train unlearn probe score report --help --version" ;;
    gen-personas)
        case $before in
        --out|-o) _xmm_folders "$current"; return ;;
        --people|-n) :; return ;;
        --aux) :; return ;;
        --views) :; return ;;
        --heldout) :; return ;;
        --size) :; return ;;
        --from) _xmm_words "$current" "imagefolder jsonl csv mllmu clear fiubench"; return ;;
        --lone-view) _xmm_words "$current" "both train"; return ;;
        --renderer) _xmm_words "$current" "avatar diffusers"; return ;;
        --model) _xmm_folders "$current"; return ;;
        --identity) _xmm_words "$current" "reference image-to-image ip-adapter none auto"; return ;;
        --ip-adapter) :; return ;;
        --negative) :; return ;;
        --steps) :; return ;;
        --guidance) :; return ;;
        --batch-size) :; return ;;
        --describe) _xmm_words "$current" "xmm-base-bare xmm-base-xs xmm-base-s xmm-base"; [[ ${#COMPREPLY[@]} -gt 0 ]] || _xmm_folders "$current"; return ;;
        --sheet) _xmm_files "$current"; return ;;
        --processes) :; return ;;
        --device) _xmm_words "$current" "cpu cuda cuda:0 mps"; return ;;
        --seed) :; return ;;
        esac
        if [[ ${COMP_WORDS[COMP_CWORD-2]} == --from ]]; then
            _xmm_files "$current"
            return
        fi
        if [[ $current == -* ]]; then
            _xmm_words "$current" "--out -o --people -n --aux --views --heldout --size --from --lone-view --renderer --model --identity --ip-adapter --negative --steps --guidance --batch-size --faces --describe --sheet --processes --device --seed --quiet -q --help -h"
        fi
        ;;
    train)
        case $before in
        --source|-s) _xmm_words "$current" "image text both"; return ;;
        --base) _xmm_words "$current" "xmm-base-bare xmm-base-xs xmm-base-s xmm-base"; [[ ${#COMPREPLY[@]} -gt 0 ]] || _xmm_folders "$current"; return ;;
        --views) :; return ;;
        --mitigation) _xmm_words "$current" "paired self-caption align"; return ;;
        --aux) :; return ;;
        --init) _xmm_checkpoints "$current"; return ;;
        --only) :; return ;;
        --steps) :; return ;;
        --epochs) :; return ;;
        --lr) :; return ;;
        --rank) :; return ;;
        --alpha) :; return ;;
        --batch-size) :; return ;;
        --adapter) _xmm_words "$current" "lora dora full"; return ;;
        --train) _xmm_words "$current" "language projector vision+projector"; return ;;
        --dtype) _xmm_words "$current" "auto bfloat16 float32"; return ;;
        --quantize) _xmm_words "$current" "4bit"; return ;;
        --save-every) :; return ;;
        --merge) _xmm_folders "$current"; return ;;
        --log-to) _xmm_words "$current" "tensorboard trackio"; return ;;
        --out|-o) _xmm_folders "$current"; return ;;
        --device) _xmm_words "$current" "cpu cuda cuda:0 mps"; return ;;
        --seed) :; return ;;
        esac
        if [[ $current == -* ]]; then
            _xmm_words "$current" "--source -s --base --views --facts --mitigation --aux --shuffle-names --init --only --steps --epochs --lr --rank --alpha --batch-size --adapter --train --dtype --quantize --gradient-checkpointing --save-every --merge --log-to --out -o --overwrite --device --seed --quiet -q --help -h"
        else
            _xmm_files "$current"
        fi
        ;;
    unlearn)
        case $before in
        --method|--objective) _xmm_words "$current" "ga graddiff npo kl simnpo idk dpo rmu undial wga satimp pdu ceu randomlabel mmunlearner retrain"; return ;;
        --through) _xmm_words "$current" "image text both"; return ;;
        --forget) :; return ;;
        --retain) :; return ;;
        --views) :; return ;;
        --steps) :; return ;;
        --lr) :; return ;;
        --batch-size) :; return ;;
        --gate) :; return ;;
        --save-every) :; return ;;
        --utility-floor) :; return ;;
        --personas) _xmm_files "$current"; return ;;
        --out|-o) _xmm_folders "$current"; return ;;
        --device) _xmm_words "$current" "cpu cuda cuda:0 mps"; return ;;
        --seed) :; return ;;
        esac
        if [[ $current == -* ]]; then
            _xmm_words "$current" "--method --objective --through --forget --retain --views --steps --lr --batch-size --gate --save-every --utility-floor --personas --gradient-checkpointing --out -o --overwrite --device --seed --quiet -q --help -h"
        else
            _xmm_checkpoints "$current"
        fi
        ;;
    probe)
        case $before in
        --modality|-m) _xmm_words "$current" "image text image,text"; return ;;
        --task) _xmm_words "$current" "name attribute fact reverse"; return ;;
        --split) _xmm_words "$current" "heldout train"; return ;;
        --answer) _xmm_words "$current" "generate rank both prefix"; return ;;
        --asking) _xmm_words "$current" "plain describe-first name-first hop-by-hop"; return ;;
        --views) :; return ;;
        --control) _xmm_words "$current" "blank swapped"; return ;;
        --role) _xmm_words "$current" "eval aux"; return ;;
        --personas) _xmm_files "$current"; return ;;
        --base) _xmm_words "$current" "xmm-base-bare xmm-base-xs xmm-base-s xmm-base"; [[ ${#COMPREPLY[@]} -gt 0 ]] || _xmm_folders "$current"; return ;;
        --label) :; return ;;
        --batch-size) :; return ;;
        --max-new-tokens) :; return ;;
        --dtype) _xmm_words "$current" "auto bfloat16 float32"; return ;;
        --quantize) _xmm_words "$current" "4bit none"; return ;;
        --shard) :; return ;;
        --resume) _xmm_files "$current"; return ;;
        --engine) _xmm_words "$current" "transformers vllm"; return ;;
        --device) _xmm_words "$current" "cpu cuda cuda:0 mps"; return ;;
        --seed) :; return ;;
        esac
        if [[ $current == -* ]]; then
            _xmm_words "$current" "--modality -m --task --split --answer --tokens --asking --views --control --trace --role --personas --base --untrained --label --batch-size --max-new-tokens --dtype --quantize --shard --resume --engine --device --seed --quiet -q --help -h"
        else
            _xmm_checkpoints "$current"
        fi
        ;;
    score)
        case $before in
        --by) :; return ;;
        --metric) :; return ;;
        --against) _xmm_files "$current"; return ;;
        --level) :; return ;;
        --resamples) :; return ;;
        --seed) :; return ;;
        esac
        if [[ $current == -* ]]; then
            _xmm_words "$current" "--by --metric --against --level --resamples --seed --quiet -q --help -h"
        else
            _xmm_files "$current"
        fi
        ;;
    report)
        case $before in
        --format|-f) _xmm_words "$current" "table markdown latex html csv json jsonl"; return ;;
        --by) :; return ;;
        --resamples) :; return ;;
        --plot) _xmm_files "$current"; return ;;
        --figure) _xmm_words "$current" "views unlearning ladder mitigation layers cells"; return ;;
        --html) _xmm_files "$current"; return ;;
        --fail-if) :; return ;;
        --sql) :; return ;;
        --timeout) :; return ;;
        --to) _xmm_files "$current"; return ;;
        --card) _xmm_checkpoints "$current"; return ;;
        esac
        if [[ $current == -* ]]; then
            _xmm_words "$current" "--format -f --by --resamples --findings --plot --figure --html --fail-if --sql --timeout --to --card --quiet -q --help -h"
        else
            _xmm_files "$current"
        fi
        ;;
    esac
}

complete -F _xmm xmm
