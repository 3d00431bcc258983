-- One row for each order.
insert overwrite table orders partition (day = '${bizdate}')
select id
     , customer
     , amount
from landing
where amount > 0
;
