"""Events in the forms that other systems take: pure functions from one event to one line. Nothing here reads or sends."""
