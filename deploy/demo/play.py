"""The whole round in the order of the law, from the units to the complaints."""

from deploy.demo.complaints import complain
from deploy.demo.demonstration import Demonstration
from deploy.demo.exams import sit_skb, sit_skd
from deploy.demo.lists import close_list, publish
from deploy.demo.opening import open_round
from deploy.demo.registration import close_registration, register, verify, withdraw
from deploy.demo.seats import fill_seats


async def play(demo: Demonstration) -> None:
    """Play the round. Raises DemoError where a service refuses or stays away."""
    await open_round(demo)
    await register(demo)
    await verify(demo)
    await withdraw(demo)
    await close_registration(demo)
    await sit_skd(demo)
    await close_list(demo, "close SKD", f"/ranking/rounds/{demo.round_id}/stages/skd/close")
    await sit_skb(demo)
    await close_list(demo, "close the round", f"/ranking/rounds/{demo.round_id}/close")
    await publish(demo, "publish the lists")
    await fill_seats(demo)
    await publish(demo, "publish the seats")
    await complain(demo)
