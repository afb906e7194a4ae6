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
    "") _xmm_words "$current" "gen-personas train unlearn probe score report help --help --version" ;;
    gen-personas)
        case $before in
        --people|-n) :; return ;;
        --aux) :; return ;;
        --views) :; return ;;
        --heldout) :; return ;;
        --from) _xmm_words "$current" "imagefolder folders jsonl csv parquet mllmu clear fiubench"; return ;;
        --lone-view) _xmm_words "$current" "both train"; return ;;
        --describe) _xmm_words "$current" "xmm-base-bare xmm-base-xs xmm-base-s xmm-base xmm-smollm2-bare"; [[ ${#COMPREPLY[@]} -gt 0 ]] || _xmm_folders "$current"; return ;;
        --size) :; return ;;
        --renderer) _xmm_words "$current" "avatar diffusers"; return ;;
        --model) _xmm_folders "$current"; return ;;
        --identity) _xmm_words "$current" "reference image-to-image ip-adapter none auto"; return ;;
        --ip-adapter) :; return ;;
        --negative) :; return ;;
        --steps) :; return ;;
        --guidance) :; return ;;
        --batch-size) :; return ;;
        --processes) :; return ;;
        --device) _xmm_words "$current" "cpu cuda cuda:0 mps"; return ;;
        --out|-o) _xmm_folders "$current"; return ;;
        --sheet) _xmm_files "$current"; return ;;
        --seed) :; return ;;
        esac
        if [[ ${COMP_WORDS[COMP_CWORD-2]} == --from ]]; then
            _xmm_files "$current"
            return
        fi
        if [[ $current == -* ]]; then
            _xmm_words "$current" "--people -n --aux --views --heldout --from --lone-view --describe --plan --size --renderer --model --identity --ip-adapter --negative --steps --guidance --faces --batch-size --processes --device --out -o --sheet --seed --quiet -q --help -h"
        fi
        ;;
    train)
        case $before in
        --views) :; return ;;
        --only) :; return ;;
        --source|-s) _xmm_words "$current" "image text both"; return ;;
        --mitigation) _xmm_words "$current" "paired self-caption align"; return ;;
        --aux) :; return ;;
        --init) _xmm_checkpoints "$current"; return ;;
        --steps) :; return ;;
        --epochs) :; return ;;
        --batch-size) :; return ;;
        --lr) :; return ;;
        --rank) :; return ;;
        --alpha) :; return ;;
        --save-every) :; return ;;
        --set) :; return ;;
        --base) _xmm_words "$current" "xmm-base-bare xmm-base-xs xmm-base-s xmm-base xmm-smollm2-bare"; [[ ${#COMPREPLY[@]} -gt 0 ]] || _xmm_folders "$current"; return ;;
        --adapter) _xmm_words "$current" "lora dora full"; return ;;
        --train) _xmm_words "$current" "language projector vision+projector"; return ;;
        --dtype) _xmm_words "$current" "auto bfloat16 float32"; return ;;
        --quantize) _xmm_words "$current" "4bit"; return ;;
        --device) _xmm_words "$current" "cpu cuda cuda:0 mps"; return ;;
        --out|-o) _xmm_folders "$current"; return ;;
        --merge) _xmm_folders "$current"; return ;;
        --log-to) _xmm_words "$current" "tensorboard trackio"; return ;;
        --seed) :; return ;;
        esac
        if [[ $current == -* ]]; then
            _xmm_words "$current" "--views --only --rehearse --source -s --mitigation --aux --shuffle-names --facts --init --steps --epochs --batch-size --lr --rank --alpha --save-every --set --base --adapter --train --dtype --quantize --gradient-checkpointing --device --out -o --overwrite --merge --log-to --seed --quiet -q --help -h"
        else
            _xmm_files "$current"
        fi
        ;;
    unlearn)
        case $before in
        --views) :; return ;;
        --personas) _xmm_files "$current"; return ;;
        --method|--objective) _xmm_words "$current" "ga graddiff npo kl simnpo idk dpo rmu undial wga satimp pdu ceu randomlabel mmunlearner retrain"; return ;;
        --through) _xmm_words "$current" "image text both"; return ;;
        --forget) :; return ;;
        --retain) :; return ;;
        --fact) :; return ;;
        --gate) :; return ;;
        --utility-floor) :; return ;;
        --steps) :; return ;;
        --batch-size) :; return ;;
        --lr) :; return ;;
        --save-every) :; return ;;
        --set) :; return ;;
        --base) _xmm_words "$current" "xmm-base-bare xmm-base-xs xmm-base-s xmm-base xmm-smollm2-bare"; [[ ${#COMPREPLY[@]} -gt 0 ]] || _xmm_folders "$current"; return ;;
        --device) _xmm_words "$current" "cpu cuda cuda:0 mps"; return ;;
        --out|-o) _xmm_folders "$current"; return ;;
        --seed) :; return ;;
        esac
        if [[ $current == -* ]]; then
            _xmm_words "$current" "--views --personas --method --objective --through --forget --retain --fact --gate --utility-floor --plan --steps --batch-size --lr --save-every --set --gradient-checkpointing --base --device --out -o --overwrite --seed --quiet -q --help -h"
        else
            _xmm_checkpoints "$current"
        fi
        ;;
    probe)
        case $before in
        --split) _xmm_words "$current" "heldout train"; return ;;
        --sets) _xmm_folders "$current"; return ;;
        --views) :; return ;;
        --role) _xmm_words "$current" "eval aux"; return ;;
        --personas) _xmm_files "$current"; return ;;
        --answers) _xmm_files "$current"; return ;;
        --modality|-m) _xmm_words "$current" "image text image,text"; return ;;
        --task) _xmm_words "$current" "name attribute fact reverse"; return ;;
        --answer) _xmm_words "$current" "generate rank both prefix"; return ;;
        --asking) _xmm_words "$current" "plain describe-first name-first hop-by-hop"; return ;;
        --attack) :; return ;;
        --control) _xmm_words "$current" "blank swapped"; return ;;
        --max-new-tokens) :; return ;;
        --base) _xmm_words "$current" "xmm-base-bare xmm-base-xs xmm-base-s xmm-base xmm-smollm2-bare"; [[ ${#COMPREPLY[@]} -gt 0 ]] || _xmm_folders "$current"; return ;;
        --batch-size) :; return ;;
        --dtype) _xmm_words "$current" "auto bfloat16 float32"; return ;;
        --quantize) _xmm_words "$current" "4bit none"; return ;;
        --shard) :; return ;;
        --engine) _xmm_words "$current" "transformers openai"; return ;;
        --device) _xmm_words "$current" "cpu cuda cuda:0 mps"; return ;;
        --url) :; return ;;
        --model) _xmm_folders "$current"; return ;;
        --concurrency) :; return ;;
        --timeout) :; return ;;
        --retries) :; return ;;
        --max-requests) :; return ;;
        --label) :; return ;;
        --resume) _xmm_files "$current"; return ;;
        --seed) :; return ;;
        esac
        if [[ $current == -* ]]; then
            _xmm_words "$current" "--split --sets --views --role --personas --answers --modality -m --task --answer --tokens --asking --attack --control --trace --untrained --max-new-tokens --base --batch-size --dtype --quantize --shard --engine --device --url --model --concurrency --timeout --retries --max-requests --plan --label --questions --resume --seed --quiet -q --help -h"
        else
            _xmm_checkpoints "$current"
        fi
        ;;
    score)
        case $before in
        --by) :; return ;;
        --metric) _xmm_words "$current" "recall chance memory transfer_gap transfer_ratio asymmetry cross_modal_score leak detectable_gap edit_similarity token_f1 logprob mean_rank mean_reciprocal_rank exposure min_k truth_ratio extraction compositional_gap false_recognition recall_restricted refusal another_name invention answer_stability forget_quality membership"; return ;;
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
        --sql) :; return ;;
        --timeout) :; return ;;
        --to) _xmm_files "$current"; return ;;
        --by) :; return ;;
        --resamples) :; return ;;
        --fail-if) :; return ;;
        --margin) :; return ;;
        --plot) _xmm_files "$current"; return ;;
        --figure) _xmm_words "$current" "views unlearning ladder mitigation layers cells"; return ;;
        --html) _xmm_files "$current"; return ;;
        --card) _xmm_checkpoints "$current"; return ;;
        --format|-f) _xmm_words "$current" "table markdown latex html csv json jsonl"; return ;;
        esac
        if [[ $current == -* ]]; then
            _xmm_words "$current" "--sql --timeout --to --by --resamples --fail-if --margin --audit --findings --plot --figure --html --card --format -f --quiet -q --help -h"
        else
            _xmm_files "$current"
        fi
        ;;
    help)
        case $before in
        esac
        if [[ $current == -* ]]; then
            _xmm_words "$current" "--json --quiet -q --help -h"
        else
            _xmm_words "$current" "install terms measuring scoring unlearning audit mitigations models your-own-people photographs many-machines reports sql rows python study findings publishing speed promises errors methods completions contributing gen-personas train unlearn probe score report"
        fi
        ;;
    esac
}

complete -F _xmm xmm
