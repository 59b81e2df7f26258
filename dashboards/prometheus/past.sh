#!/bin/sh
# Imports the past that the demo writes (--past) into the data of a Prometheus that
# has not started yet, once. Prometheus starts whatever becomes of it.
past=${PAST:-/data/past} data=${PROMETHEUS_DATA:-/prometheus}
case ${YOURTURN_COMMAND:-demo} in
demo*) ;;
*) echo "a real Jira: docs/backfill.md says how its past is imported"; exit 0 ;;
esac
if [ -e "$data/past-imported" ] || [ -d "$data/wal" ]; then
	echo "Prometheus has the samples of an earlier start; docker compose down --volumes empties everything"
	exit 0
fi
waited=0
until [ -d "$past" ]; do
	if [ "$waited" -ge "${PATIENCE:-900}" ]; then
		echo "the demo has not written its past in $waited s: the graphs begin now"
		exit 0
	fi
	sleep 1
	waited=$((waited + 1))
done
for file in "$past"/*.om; do
	if ! promtool tsdb create-blocks-from --max-block-duration=720h openmetrics "$file" "$data"; then
		echo "promtool could not import $file: the graphs begin later"
		exit 0
	fi
done
touch "$data/past-imported"
echo "the past of three months is imported"
