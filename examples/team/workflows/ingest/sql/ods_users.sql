-- 用户快照；手机号只留后四位。
SET odps.sql.type.system.odps2=true;

CREATE TABLE IF NOT EXISTS ods_users (
    user_id       STRING COMMENT '用户',
    phone_tail    STRING COMMENT '手机号后四位',
    city          STRING COMMENT '城市'
)
PARTITIONED BY (ds STRING COMMENT '业务日期，yyyymmdd')
LIFECYCLE 400;

INSERT OVERWRITE TABLE ods_users PARTITION (ds = '${bizdate}')
SELECT  user_id,
        SUBSTR(phone, -4),
        NVL(city, '未知')
FROM    landing_users
WHERE   ds = '${bizdate}';
