"""The control process: keeps lists current, publishes what the data plane serves, answers the operator.

It knows secrets and takes no packet from a subscriber. When it is down, the last published state goes on serving.
"""
