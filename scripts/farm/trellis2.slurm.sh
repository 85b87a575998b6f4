#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# SLURM: a folder of pictures, some pictures for each task of an array. docs/farm.md says how to submit it.
#
#     sbatch --array=0-39%8 scripts/farm/trellis2.slurm.sh 25 PICTURES --output MODELS --max-cost 8000
#
# The first argument is the number of pictures for each task; all others are those of `trellis2 generate`. TRELLIS2 is the
# program, if it is not trellis2: "blender --online-mode --command trellis2".
# A task that is queued again pays for no picture twice, even while its first copy lives: the folder of the models sees to
# that. It is told to stop ten minutes before its time is up, so that it brings what is paid for.
#SBATCH --job-name=trellis2
#SBATCH --cpus-per-task=1
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=B:TERM@600
set -euo pipefail

pictures_per_task=${1:?the number of pictures for each task, then what trellis2 generate is given}
shift
first=$((${SLURM_ARRAY_TASK_ID:?this script is a task of an array: sbatch --array=0-39} * pictures_per_task + 1))
read -ra program <<<"${TRELLIS2:-trellis2}"
exec "${program[@]}" generate "$@" --slice "$first-$((first + pictures_per_task - 1))"
