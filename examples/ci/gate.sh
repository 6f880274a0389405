#!/usr/bin/env bash
# Quantizes a model in memory, measures it against the original and checks the policy beside this script.
#   gate.sh MODEL EVALUATION_TEXT [CANDIDATE [FOLDER]]     KERF: the program, if it is not on the path
# Exit status: kerf's own. 0: within the policy, 1: not, anything else: it could not be checked, which passes nothing either.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
model=${1:?gate.sh MODEL EVALUATION_TEXT [CANDIDATE [FOLDER]]} text=${2:?evaluation text is missing}
candidate=${3:-int8} folder=${4:-gate-reports}
kerf=${KERF:-kerf}

mkdir -p "$folder"
"$kerf" compare "$model" --text "$text" --candidate "$candidate" --quiet \
  --json="$folder/compare.json" --html "$folder/compare.html" --markdown "$folder/compare.md"
"$kerf" gate "$folder/compare.json" --policy "$here/policy.yaml" \
  --junit "$folder/gate.xml" --sarif "$folder/gate.sarif" --markdown "$folder/gate.md"
