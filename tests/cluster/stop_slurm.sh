#!/usr/bin/env bash
# Stop what start_slurm.sh started in FOLDER, by its pid files, and take its links out of /etc/slurm.
set -uo pipefail
folder=$(realpath -m "$1")
export SLURM_CONF=$folder/slurm.conf
if [ -s "$folder/slurmctld.pid" ]; then # jobs outlive the daemons
  squeue --noheader --format=%A | xargs --no-run-if-empty scancel
  for _ in $(seq 100); do
    [ -z "$(squeue --noheader --format=%A)" ] && break
    sleep 0.2
  done
fi
for name in slurmd slurmctld munged; do
  file=$folder/$name.pid
  [ -s "$file" ] || continue
  pid=$(cat "$file")
  kill "$pid" 2> /dev/null
  for _ in $(seq 50); do
    kill -0 "$pid" 2> /dev/null || break
    sleep 0.2
  done
  if kill -0 "$pid" 2> /dev/null; then echo "$name ($pid) did not stop" >&2; fi
done
for name in slurm gres cgroup; do
  link=/etc/slurm/$name.conf
  if [ "$(readlink "$link")" = "$folder/$name.conf" ]; then rm "$link"; fi
done
