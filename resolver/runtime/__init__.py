"""What every process of the appliance needs: readiness, counters, tasks. No policy, no DNS."""
