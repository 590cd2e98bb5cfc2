"""The horizon drill as a test, ten seconds of each kind of holder."""
import unittest

from horizon_drill import drill, parse


class HeldBack(unittest.TestCase):
    def test_by_a_reader_then_by_a_writer(self):
        print()
        print(f"{drill(parse(['--seconds', '10', '--interval', '2']))} events", flush=True)


if __name__ == "__main__":
    unittest.main()
