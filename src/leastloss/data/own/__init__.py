"""A user's own data: archives, tables, folders of images and functions, by name."""

from leastloss.data.own.arrays import check_memory as check_memory
from leastloss.data.own.names import DataName as DataName
from leastloss.data.own.names import data_name as data_name
from leastloss.data.own.names import located as located
from leastloss.data.own.names import own_name as own_name
from leastloss.data.own.read import read_own as read_own
