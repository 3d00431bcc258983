-- One row per product: the catalogue delivers every change, the last one of the day counts.
SET odps.sql.type.system.odps2=true;

CREATE TABLE IF NOT EXISTS dim_product (
    product_id    STRING,
    product_name  STRING,
    category      STRING,
    purchase_cost DECIMAL(18, 4) COMMENT 'per piece, without tax'
)
PARTITIONED BY (ds STRING COMMENT 'business date, yyyymmdd')
LIFECYCLE 400;

INSERT OVERWRITE TABLE dim_product PARTITION (ds = '${bizdate}')
SELECT  product_id,
        product_name,
        category,
        CAST(purchase_cost AS DECIMAL(18, 4))
FROM    (
            SELECT  product_id,
                    product_name,
                    category,
                    purchase_cost,
                    ROW_NUMBER() OVER (PARTITION BY product_id ORDER BY changed_at DESC) AS recency
            FROM    landing_product
            WHERE   ds = '${bizdate}'
        ) latest
WHERE   recency = 1;
