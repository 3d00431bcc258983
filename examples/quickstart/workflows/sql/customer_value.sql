-- Running value of each loyalty card: the total of the day before plus today.
SET odps.sql.type.system.odps2=true;

CREATE TABLE IF NOT EXISTS dws_customer_value (
    customer_id  STRING,
    first_bought STRING COMMENT 'yyyymmdd',
    last_bought  STRING COMMENT 'yyyymmdd',
    receipts     BIGINT,
    amount       DECIMAL(18, 2)
)
PARTITIONED BY (ds STRING COMMENT 'business date, yyyymmdd')
LIFECYCLE 60;

INSERT OVERWRITE TABLE dws_customer_value PARTITION (ds = '${bizdate}')
SELECT  customer_id,
        MIN(first_bought),
        MAX(last_bought),
        SUM(receipts),
        SUM(amount)
FROM    (
            SELECT  customer_id,
                    first_bought,
                    last_bought,
                    receipts,
                    amount
            FROM    dws_customer_value
            WHERE   ds = '${day_before}'
            UNION ALL
            SELECT  customer_id,
                    '${bizdate}' AS first_bought,
                    '${bizdate}' AS last_bought,
                    COUNT(DISTINCT order_id) AS receipts,
                    SUM(amount) AS amount
            FROM    dwd_sale_line
            WHERE   ds = '${bizdate}'
            AND     customer_id <> ''
            GROUP BY customer_id
        ) known_and_new
GROUP BY customer_id;
