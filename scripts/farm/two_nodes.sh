#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# SLURM with two nodes on this one machine, to try a job on a real scheduler. As root, on Debian or Ubuntu:
#
#     apt-get install -y --no-install-recommends slurmctld slurmd slurm-client
#     two_nodes.sh start DIR      then: export SLURM_CONF=DIR/slurm.conf
#     two_nodes.sh fail DIR       ends node n2's daemon as a failed machine would: what it had started lives on
#     two_nodes.sh stop DIR
set -euo pipefail
action=${1:?start, fail or stop}
folder=$(mkdir -p "${2:?a folder}" && cd "$2" && pwd)
export SLURM_CONF=$folder/slurm.conf

configure() {
    local plugins host
    plugins=$(dirname "$(dpkg -L slurm-wlm-basic-plugins | grep -m1 '/auth_none\.so$')")
    host=$(hostname -s)
    mkdir -p "$folder"/{state,n1,n2}
    cat >"$SLURM_CONF" <<CONF
ClusterName=here
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=26917
SlurmUser=root
SlurmdUser=root
AuthType=auth/none
CredType=cred/none
PluginDir=$plugins
StateSaveLocation=$folder/state
SlurmctldPidFile=$folder/controller.pid
SlurmdPidFile=$folder/%n.pid
SlurmdSpoolDir=$folder/%n
SlurmctldLogFile=$folder/controller.log
SlurmdLogFile=$folder/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SwitchType=switch/none
MaxArraySize=100001
SlurmdParameters=config_overrides
NodeName=n[1-2] NodeHostname=$host NodeAddr=127.0.0.1 Port=[26918-26919] CPUs=4 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
}

end() { # SIGNAL PIDFILE
    if [ -s "$2" ]; then kill "-$1" "$(cat "$2")" 2>/dev/null || true; fi
}

case $action in
    start)
        configure
        slurmctld -c
        slurmd -N n1
        slurmd -N n2
        for _ in $(seq 100); do
            if [ "$(sinfo -h -o %t 2>/dev/null | sort -u)" = idle ]; then exit 0; fi
            sleep 0.2
        done
        exit 1
        ;;
    fail)
        end KILL "$folder/n2.pid"
        scontrol update NodeName=n2 State=DOWN Reason="its machine failed"
        ;;
    stop)
        for name in n1 n2 controller; do end TERM "$folder/$name.pid"; done
        ;;
    *) exit 2 ;;
esac
