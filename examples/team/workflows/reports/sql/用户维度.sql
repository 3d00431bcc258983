-- 用户维度。
SET odps.sql.type.system.odps2=true;

CREATE TABLE IF NOT EXISTS dim_users (
    user_id       STRING COMMENT '用户',
    city          STRING COMMENT '城市'
)
PARTITIONED BY (ds STRING COMMENT '业务日期，yyyymmdd')
LIFECYCLE 400;

INSERT OVERWRITE TABLE dim_users PARTITION (ds = '${bizdate}')
SELECT  user_id,
        city
FROM    ods_users
WHERE   ds = '${bizdate}';
