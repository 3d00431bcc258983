-- Receipts of one business day: typed, and once each although a till may send a receipt again.
SET odps.sql.type.system.odps2=true;

CREATE TABLE IF NOT EXISTS ods_order (
    order_id    STRING,
    store_id    STRING,
    customer_id STRING COMMENT 'loyalty card, empty for a walk-in',
    ordered_at  DATETIME,
    is_return   BOOLEAN
)
PARTITIONED BY (ds STRING COMMENT 'business date, yyyymmdd')
LIFECYCLE 400;

INSERT OVERWRITE TABLE ods_order PARTITION (ds = '${bizdate}')
SELECT  order_id,
        store_id,
        NVL(customer_id, ''),
        TO_DATE(ordered_at, 'yyyy-mm-dd hh:mi:ss'),
        receipt_kind = 'RETURN'
FROM    (
            SELECT  order_id,
                    store_id,
                    customer_id,
                    ordered_at,
                    receipt_kind,
                    ROW_NUMBER() OVER (PARTITION BY order_id ORDER BY sent_at DESC) AS recency
            FROM    landing_order
            WHERE   ds = '${bizdate}'
        ) received
WHERE   recency = 1;
